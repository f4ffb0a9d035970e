/** Garbage collection by reachability: what recent runs, last keys, pins and live leases reach stays, the rest goes. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { actionPath } from "./Actions.ts"
import type { Kept } from "./Checkpoints.ts"
import type { ActionKey, Digest } from "./Digest.ts"
import { attempt, unlessMissing } from "./disk.ts"
import type { StoreFailure } from "./Errors.ts"
import { listObjects, type Stored } from "./Objects.ts"
import { piecePath } from "./Pieces.ts"
import { Store } from "./Store.ts"

export interface GarbagePolicy {
  /** How many of the newest runs keep what they reached. */
  readonly runs: number
  /** Keys to keep in any case. */
  readonly pins: ReadonlyArray<ActionKey>
  /** Nothing younger than this goes: a run that is under way may be about to refer to it. Milliseconds. */
  readonly grace: number
  /** Says what would go, and removes nothing. */
  readonly dry: boolean
}

/** What went, or would go. */
export interface Garbage {
  readonly actions: ReadonlyArray<ActionKey>
  readonly pieces: ReadonlyArray<ActionKey>
  readonly objects: ReadonlyArray<{ readonly digest: Digest; readonly size: number }>
  readonly checkpoints: ReadonlyArray<Kept>
  /** Bytes of these objects and checkpoints. */
  readonly bytes: number
  /** Bytes of those that stay. */
  readonly keptBytes: number
}

/** Collects garbage. What a run loses by too short a grace period is a miss of the next run, never a wrong hit. */
export const collectGarbage = (policy: GarbagePolicy): Effect.Effect<Garbage, StoreFailure, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const young = (yield* Clock.currentTimeMillis) - policy.grace
    const roots = new Set([
      ...policy.pins,
      ...(yield* store.leases.held),
      ...(yield* store.runs.everyLatest),
      ...(yield* store.runs.recent(policy.runs)).flatMap((run) => Object.values(run.nodes).map(({ key }) => key))
    ])
    const isYoung = (path: string): boolean => {
      const stat = unlessMissing(() => fs.statSync(path))
      return stat !== null && stat.ctimeMs > young
    }
    const keys = yield* store.actions.keys
    const actions = yield* attempt("look at the records", store.folders.actions, () =>
      keys.filter((key) => !roots.has(key) && !isYoung(actionPath(store.folders, key)))
    )
    const gone = new Set(actions)
    const reached = new Set<Digest>()
    for (const key of keys) {
      const record = gone.has(key) ? null : yield* store.actions.get(key)
      for (const output of Object.values(record?.outputs ?? {})) {
        for (const { digest } of Object.values(output.objects)) reached.add(digest)
      }
    }
    // A piece is worth keeping as long as a table has its rows: it costs no object of its own.
    const pieces: Array<ActionKey> = []
    for (const key of yield* store.pieces.keys) {
      const record = yield* store.pieces.get(key)
      const serves =
        record !== null && record.objects.length > 0 && record.objects.every(({ digest }) => reached.has(digest))
      if (!serves && !isYoung(piecePath(store.folders, key))) pieces.push(key)
    }
    /** Once a result is stored, its key's state is good for nothing but a longer work of its lineage. */
    const isSpent = ({ key, lineage }: Kept): boolean => key === lineage && finished.has(key)
    const finished = new Set(keys)
    const kept = yield* store.checkpoints.all
    const checkpoints = kept.filter((one) => one.keptAt <= young && (!roots.has(one.key) || isSpent(one)))
    const all = yield* attempt("list the objects", store.folders.objects, () => listObjects(store.folders))
    const isGarbage = ({ digest, stat }: Stored): boolean => !reached.has(digest) && Number(stat.ctimeMs) <= young
    const objects = all.filter(isGarbage).map(({ digest, stat }) => ({ digest, size: Number(stat.size) }))
    if (!policy.dry) {
      // Records go first: a record without its objects would be a broken promise, an object without a record is not.
      yield* Effect.forEach(actions, store.actions.remove, { discard: true })
      yield* Effect.forEach(pieces, store.pieces.remove, { discard: true })
      yield* attempt("remove garbage", store.folders.objects, () => {
        for (const { digest } of objects) fs.rmSync(store.objects.path(digest), { force: true })
      })
      yield* Effect.forEach(checkpoints, store.checkpoints.remove, { discard: true })
      yield* store.files.prune
    }
    const total = (sized: ReadonlyArray<{ readonly size: number }>) => sized.reduce((sum, { size }) => sum + size, 0)
    const bytes = total(objects) + total(checkpoints)
    const allBytes = all.reduce((sum, { stat }) => sum + Number(stat.size), total(kept))
    return { actions, pieces, objects, checkpoints, bytes, keptBytes: allBytes - bytes }
  })
