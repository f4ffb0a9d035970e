/** The store: a folder of immutable objects named by content, and the records of the actions that made them. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import { join, resolve } from "node:path"
import { type Actions, makeActions } from "./Actions.ts"
import { type Checkpoints, makeCheckpoints } from "./Checkpoints.ts"
import { attempt, type Folders, ifAllowed } from "./disk.ts"
import type { StoreFailure } from "./Errors.ts"
import { makeSync } from "./durable.ts"
import { type FileDigests, makeFileDigests } from "./FileDigests.ts"
import { lifeOf } from "./Holder.ts"
import { type Leases, makeLeases } from "./Leases.ts"
import { makeObjects, type Objects } from "./Objects.ts"
import { makePieces, type Pieces } from "./Pieces.ts"
import { makeRuns, type Runs } from "./Runs.ts"

export class Store extends Context.Service<
  Store,
  {
    /** Absolute paths of the store's folders. */
    readonly folders: Folders
    /** Immutable blobs by digest. */
    readonly objects: Objects
    /** Records of finished actions by key. */
    readonly actions: Actions
    /** Pieces of tables by what decides them. */
    readonly pieces: Pieces
    /** One computation per key, across fibers and processes. */
    readonly leases: Leases
    /** What invocations did, and the last key of each node of each experiment. */
    readonly runs: Runs
    /** States of unfinished work by key. */
    readonly checkpoints: Checkpoints
    /** Digests of files outside the store, remembered by stat signature. */
    readonly files: FileDigests
  }
>()("tanren/store/Store") {
  /** The store in a folder, which is made where it is not there. */
  static readonly layer = (root: string): Layer.Layer<Store, StoreFailure> =>
    Layer.effect(
      this,
      Effect.gen(function* () {
        const folders = yield* openFolders(resolve(root))
        const files = makeFileDigests(folders)
        yield* Effect.addFinalizer(() => files.keep)
        const leases = makeLeases(folders)
        const sync = makeSync()
        const objects = makeObjects(folders, files, sync)
        return {
          folders,
          objects,
          actions: makeActions(folders, objects, sync),
          pieces: makePieces(folders, objects),
          leases,
          runs: makeRuns(folders, leases),
          checkpoints: makeCheckpoints(folders),
          files
        }
      })
    )
}

const openFolders = (root: string): Effect.Effect<Folders, StoreFailure> =>
  attempt("open its folder", root, () => {
    const folders = {
      root,
      objects: join(root, "objects"),
      actions: join(root, "actions"),
      pieces: join(root, "pieces"),
      runs: join(root, "runs"),
      latest: join(root, "runs", "latest"),
      checkpoints: join(root, "checkpoints"),
      leases: join(root, "leases"),
      temporary: join(root, "tmp")
    }
    for (const folder of Object.values(folders)) fs.mkdirSync(folder, { recursive: true })
    sweep(folders.temporary)
    return folders
  })

/** Removes what writers that have died left behind. */
const sweep = (temporary: string): void => {
  for (const name of fs.readdirSync(temporary)) {
    if (lifeOf(name) === "dead") ifAllowed(() => fs.rmSync(join(temporary, name), { recursive: true, force: true }))
  }
}
