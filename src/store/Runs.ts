/** What each invocation did, and the key that each node of each experiment had last. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as fs from "node:fs"
import { join } from "node:path"
import { canonicalJson, isRecord, parseJson } from "./canonicalJson.ts"
import { ActionKey, digestOf, hexPattern, keyOf } from "./Digest.ts"
import { attempt, type Folders, replaceFile, replaceFileDurably, unlessMissing } from "./disk.ts"
import type { StoreFailure } from "./Errors.ts"
import { uniqueName } from "./Holder.ts"
import type { Leases } from "./Leases.ts"
import { signatureOf, type StatSignature } from "./ObjectRef.ts"

/** One invocation. The identifier sorts by time and is the caller's to give, such as an ISO time and a random part. */
export const RunRecord = Schema.Struct({
  format: Schema.Literal(1),
  id: Schema.String.check(Schema.isPattern(/^[0-9A-Za-z][0-9A-Za-z._-]*$/)),
  experiment: Schema.String,
  started: Schema.String,
  finished: Schema.String,
  /** Node name to the key that it had and what became of it; "failed" also where the run ended in the middle of it. */
  nodes: Schema.Record(
    Schema.String,
    Schema.Struct({ key: ActionKey, outcome: Schema.Literals(["hit", "ran", "failed"]) })
  ),
  detail: Schema.Json
})
export type RunRecord = typeof RunRecord.Type

/** Keys by node name. */
export type Keys = Readonly<Record<string, ActionKey>>

export interface Runs {
  readonly record: (run: RunRecord) => Effect.Effect<void, StoreFailure>
  /** The newest runs first, at most `limit`. */
  readonly recent: (limit: number) => Effect.Effect<ReadonlyArray<RunRecord>, StoreFailure>
  /** The last key of each node of an experiment, by node name. */
  readonly latest: (experiment: string) => Effect.Effect<Keys, StoreFailure>
  /** The last keys of every experiment. */
  readonly everyLatest: Effect.Effect<ReadonlyArray<ActionKey>, StoreFailure>
  /** Updates the last keys of some nodes; those of others stay, whoever updates them meanwhile. */
  readonly remember: (experiment: string, keys: Keys) => Effect.Effect<void, StoreFailure>
}

const decodeRun = Schema.decodeUnknownOption(Schema.fromJsonString(RunRecord))

/** The keys in the text of a file of last keys, none where it makes no sense: without a parser, for every run asks. */
const keysIn = (text: string): Keys => {
  const file = parseJson(text)
  return isRecord(file) && isKeys(file.keys) ? file.keys : {}
}

const isKeys = (value: unknown): value is Keys =>
  isRecord(value) && Object.values(value).every((key) => typeof key === "string" && hexPattern.test(key))

export const makeRuns = (folders: Folders, leases: Leases): Runs => {
  const temporary = (): string => join(folders.temporary, uniqueName())
  const latestPath = (experiment: string): string => `${folders.latest}/${digestOf(experiment)}.json`
  /** By path; a run asks once a node, the file changes seldom. */
  const read = new Map<string, { readonly signature: StatSignature; readonly keys: Keys }>()
  const readLatest = (path: string): Keys => {
    const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) return {}
    const known = read.get(path)
    const signature = signatureOf(stat)
    if (known?.signature === signature) return known.keys
    const text = unlessMissing(() => fs.readFileSync(path, "utf8"))
    const keys = text === null ? {} : keysIn(text)
    read.set(path, { signature, keys })
    return keys
  }
  const latest = (experiment: string): Effect.Effect<Keys, StoreFailure> =>
    attempt("read the last keys", latestPath(experiment), () => readLatest(latestPath(experiment)))
  const merge = (experiment: string, keys: Keys): Effect.Effect<void, StoreFailure> =>
    attempt("write the last keys", latestPath(experiment), () => {
      const merged = { ...readLatest(latestPath(experiment)), ...keys }
      replaceFileDurably(latestPath(experiment), temporary(), canonicalJson({ experiment, keys: merged }))
    })
  return {
    record: (run) =>
      attempt("write a run", folders.runs, () =>
        replaceFile(join(folders.runs, `${run.id}.json`), temporary(), canonicalJson(run))
      ),
    recent: (limit) =>
      attempt("read the runs", folders.runs, () => {
        const names = fs
          .readdirSync(folders.runs)
          .filter((name) => name.endsWith(".json"))
          .sort()
          .reverse()
        return names.slice(0, limit).flatMap((name) => {
          const text = unlessMissing(() => fs.readFileSync(join(folders.runs, name), "utf8"))
          return text === null ? [] : Option.toArray(decodeRun(text))
        })
      }),
    latest,
    everyLatest: attempt("read the last keys", folders.latest, () =>
      fs.readdirSync(folders.latest).flatMap((name) => Object.values(readLatest(join(folders.latest, name))))
    ),
    remember: (experiment, keys) =>
      Effect.flatMap(latest(experiment), (known) =>
        Object.entries(keys).every(([node, key]) => known[node] === key)
          ? Effect.void
          : Effect.scoped(Effect.andThen(leases.hold(keyOf(`latest ${experiment}`)), merge(experiment, keys)))
      )
  }
}
