/** The check of a whole store: every object and checkpoint is hashed, every record read, every reference followed. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import type { ActionRecord } from "./ActionRecord.ts"
import type { ActionKey, Digest } from "./Digest.ts"
import type { Kept } from "./Checkpoints.ts"
import { attempt, attemptAsync, hashFile } from "./disk.ts"
import type { StoreFailure } from "./Errors.ts"
import { listObjects } from "./Objects.ts"
import { Store } from "./Store.ts"

/** What a check found; a sound store has five empty lists. */
export interface Findings {
  readonly objects: number
  /** Bytes read. */
  readonly bytes: number
  readonly records: number
  readonly checkpoints: number
  readonly pieces: number
  /** Objects whose bytes are not those of their name. */
  readonly damaged: ReadonlyArray<Digest>
  /** Records that cannot be read, or that lie under another key. */
  readonly unreadable: ReadonlyArray<ActionKey>
  /** Records that refer to objects which are damaged or not there. */
  readonly incomplete: ReadonlyArray<ActionKey>
  /** Checkpoints that are not what was kept. No work goes on from one, damaged or not, before it is hashed. */
  readonly torn: ReadonlyArray<Kept>
  /** Pieces of tables whose record cannot be read, or refers to objects which are damaged or not there. */
  readonly broken: ReadonlyArray<ActionKey>
}

/** Checks a store and, if asked to, removes what is wrong: the next run makes it anew. */
export const checkStore = (repair: boolean): Effect.Effect<Findings, StoreFailure, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const objects = yield* attempt("list the objects", store.folders.objects, () => listObjects(store.folders))
    const sizes = new Map<Digest, number>()
    const damaged: Array<Digest> = []
    for (const { digest, stat } of objects) {
      const path = store.objects.path(digest)
      const found = yield* attemptAsync("read an object", path, () => hashFile(path))
      if (found === digest) sizes.set(digest, Number(stat.size))
      else damaged.push(digest)
    }
    const keys = yield* store.actions.keys
    const unreadable: Array<ActionKey> = []
    const incomplete: Array<ActionKey> = []
    for (const key of keys) {
      const record = yield* store.actions.get(key)
      if (record === null) unreadable.push(key)
      else if (!isComplete(record, sizes)) incomplete.push(key)
    }
    const kept = yield* store.checkpoints.all
    const torn: Array<Kept> = []
    for (const one of kept) if (!(yield* store.checkpoints.verify(one))) torn.push(one)
    const pieces = yield* store.pieces.keys
    const broken: Array<ActionKey> = []
    for (const key of pieces) {
      const record = yield* store.pieces.get(key)
      if (record === null || !record.objects.every((ref) => sizes.get(ref.digest) === ref.size)) broken.push(key)
    }
    if (repair) {
      yield* Effect.forEach(broken, store.pieces.remove, { discard: true })
      yield* Effect.forEach(torn, store.checkpoints.remove, { discard: true })
      yield* Effect.forEach([...unreadable, ...incomplete], store.actions.remove, { discard: true })
      yield* attempt("remove a damaged object", store.folders.objects, () => {
        for (const digest of damaged) fs.rmSync(store.objects.path(digest), { force: true })
      })
    }
    const bytes =
      objects.reduce((sum, { stat }) => sum + Number(stat.size), 0) + kept.reduce((sum, { size }) => sum + size, 0)
    const counts = {
      objects: objects.length,
      bytes,
      records: keys.length,
      checkpoints: kept.length,
      pieces: pieces.length
    }
    return { ...counts, damaged, unreadable, incomplete, torn, broken }
  })

const isComplete = (record: ActionRecord, sizes: ReadonlyMap<Digest, number>): boolean =>
  Object.values(record.outputs).every((output) =>
    Object.values(output.objects).every((ref) => sizes.get(ref.digest) === ref.size)
  )
