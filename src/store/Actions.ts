/** Records of finished actions, one small JSON file per key. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join } from "node:path"
import { type ActionRecord, isActionRecord } from "./ActionRecord.ts"
import { canonicalJson, parseJson } from "./canonicalJson.ts"
import { ActionKey, type Digest } from "./Digest.ts"
import { attempt, attemptAsync, type Folders, ifAllowed, replaceFile, unlessMissing } from "./disk.ts"
import type { Sync } from "./durable.ts"
import type { StoreFailure } from "./Errors.ts"
import { uniqueName } from "./Holder.ts"
import { StatSignature } from "./ObjectRef.ts"
import type { Objects } from "./Objects.ts"

export interface Actions {
  /** The record of a key; null when there is none that can be read. Says nothing about the objects it refers to. */
  readonly get: (key: ActionKey) => Effect.Effect<ActionRecord | null, StoreFailure>
  /** The same without an effect: throws what the disk says. */
  readonly find: (key: ActionKey) => ActionRecord | null
  /**
   * Shows a record whose objects may not be durable yet: a process that is killed now has lost nothing. Until `put`
   * it vouches for no object by its stat, so that whoever finds the record after a crash of the machine reads them first.
   */
  readonly show: (record: ActionRecord) => Effect.Effect<void, StoreFailure>
  /** Writes a record, once the objects that it refers to are durable; durable itself on return. */
  readonly put: (record: ActionRecord) => Effect.Effect<void, StoreFailure>
  readonly remove: (key: ActionKey) => Effect.Effect<void, StoreFailure>
  /** Every key that has a file, readable or not, sorted. */
  readonly keys: Effect.Effect<ReadonlyArray<ActionKey>, StoreFailure>
}

const digestsOf = ({ outputs }: ActionRecord): ReadonlyArray<Digest> =>
  Object.values(outputs).flatMap(({ objects }) => Object.values(objects).map(({ digest }) => digest))

/** A signature that no file has. */
const nobody = StatSignature.make("0 0 0 0")

/** The record as it would be had nobody looked at its objects. */
const unseen = (record: ActionRecord): ActionRecord => ({
  ...record,
  outputs: Object.fromEntries(
    Object.entries(record.outputs).map(([name, output]) => [
      name,
      {
        ...output,
        objects: Object.fromEntries(
          Object.entries(output.objects).map(([path, ref]) => [path, { ...ref, signature: nobody }])
        )
      }
    ])
  )
})

/** Where the record of a key lies. */
export const actionPath = (folders: Folders, key: ActionKey): string => `${folders.actions}/${key}.json`

const find = (folders: Folders, key: ActionKey): ActionRecord | null => {
  const text = unlessMissing(() => fs.readFileSync(actionPath(folders, key), "utf8"))
  const record = text === null ? null : parseJson(text)
  return isActionRecord(record) && record.key === key ? record : null
}

export const makeActions = (folders: Folders, objects: Objects, sync: Sync): Actions => ({
  get: (key) => attempt("read a record", actionPath(folders, key), () => find(folders, key)),
  find: (key) => find(folders, key),
  show: (record) =>
    attempt("write a record", actionPath(folders, record.key), () =>
      replaceFile(actionPath(folders, record.key), join(folders.temporary, uniqueName()), canonicalJson(unseen(record)))
    ),
  put: (record) =>
    Effect.andThen(
      objects.settle(digestsOf(record)),
      attemptAsync("write a record", actionPath(folders, record.key), async () => {
        const temporary = join(folders.temporary, uniqueName())
        try {
          fs.writeFileSync(temporary, canonicalJson(record), { flag: "wx" })
          await sync(temporary)
          fs.renameSync(temporary, actionPath(folders, record.key))
        } catch (cause) {
          ifAllowed(() => fs.rmSync(temporary, { force: true }))
          throw cause
        }
        await sync(folders.actions)
      })
    ).pipe(Effect.uninterruptible),
  remove: (key) =>
    attempt("remove a record", actionPath(folders, key), () => fs.rmSync(actionPath(folders, key), { force: true })),
  keys: attempt("list the records", folders.actions, () =>
    fs
      .readdirSync(folders.actions)
      .flatMap((name) => (/^[0-9a-f]{64}\.json$/.test(name) ? [ActionKey.make(name.slice(0, 64))] : []))
      .sort()
  )
})
