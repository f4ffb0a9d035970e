/** Pieces of tables, by what decides them: which objects hold their rows, one small JSON file per key. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import { join } from "node:path"
import { canonicalJson, parseJson } from "./canonicalJson.ts"
import { ActionKey } from "./Digest.ts"
import { attempt, type Folders, replaceFile, unlessMissing } from "./disk.ts"
import type { StoreFailure } from "./Errors.ts"
import { uniqueName } from "./Holder.ts"
import { ObjectRef } from "./ObjectRef.ts"
import type { Objects } from "./Objects.ts"

export const PieceRecord = Schema.Struct({
  format: Schema.Literal(1),
  key: ActionKey,
  /** The objects that hold its rows, in their order. */
  objects: Schema.Array(ObjectRef),
  /** What else is to be known of the rows. */
  meta: Schema.Json
})
export type PieceRecord = typeof PieceRecord.Type

export interface Pieces {
  /** The record of a key; null when there is none that can be read. Says nothing about the objects it refers to. */
  readonly get: (key: ActionKey) => Effect.Effect<PieceRecord | null, StoreFailure>
  /**
   * Makes the objects durable, then writes the record that refers to them. A crash of the machine may take the record away, and
   * never leaves half of it.
   */
  readonly put: (record: PieceRecord) => Effect.Effect<void, StoreFailure>
  readonly remove: (key: ActionKey) => Effect.Effect<void, StoreFailure>
  /** Every key that has a file, readable or not, sorted. */
  readonly keys: Effect.Effect<ReadonlyArray<ActionKey>, StoreFailure>
}

/** Where the record of a key lies. */
export const piecePath = (folders: Folders, key: ActionKey): string => join(folders.pieces, `${key}.json`)

export const makePieces = (folders: Folders, objects: Objects): Pieces => ({
  get: (key) =>
    attempt("read a record", piecePath(folders, key), () => {
      const text = unlessMissing(() => fs.readFileSync(piecePath(folders, key), "utf8"))
      const record = text === null ? null : parseJson(text)
      return Schema.is(PieceRecord)(record) && record.key === key ? record : null
    }),
  put: (record) =>
    Effect.andThen(
      objects.settle(record.objects.map(({ digest }) => digest)),
      attempt("write a record", piecePath(folders, record.key), () =>
        replaceFile(piecePath(folders, record.key), join(folders.temporary, uniqueName()), canonicalJson(record))
      )
    ),
  remove: (key) =>
    attempt("remove a record", piecePath(folders, key), () => fs.rmSync(piecePath(folders, key), { force: true })),
  keys: attempt("list the records", folders.pieces, () =>
    fs
      .readdirSync(folders.pieces)
      .flatMap((name) => (/^[0-9a-f]{64}\.json$/.test(name) ? [ActionKey.make(name.slice(0, 64))] : []))
      .sort()
  )
})
