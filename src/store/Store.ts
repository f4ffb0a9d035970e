/** The store: a folder of immutable objects named by content, and the records of the actions that made them. */
import * as Context from "effect/Context"
import type { Actions } from "./Actions.ts"
import type { FileDigests } from "./FileDigests.ts"
import type { Leases } from "./Leases.ts"
import type { Objects } from "./Objects.ts"
import type { Runs } from "./Runs.ts"

export class Store extends Context.Service<Store, {
  /** Absolute path of the folder. */
  readonly root: string
  /** Immutable blobs by digest. */
  readonly objects: Objects
  /** Records of finished actions by key. */
  readonly actions: Actions
  /** One computation per key, across fibers and processes. */
  readonly leases: Leases
  /** What invocations did, and the last key of each node of each experiment. */
  readonly runs: Runs
  /** Digests of files outside the store, remembered by stat signature. */
  readonly files: FileDigests
}>()("tanren/store/Store") {}
