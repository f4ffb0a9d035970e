/** Records of finished actions, one small JSON file per key. */
import type * as Effect from "effect/Effect"
import type { ActionRecord } from "./ActionRecord.ts"
import type { ActionKey } from "./Digest.ts"
import type { StoreFailure } from "./Errors.ts"

export interface Actions {
  /** The record of a key; null when there is none that can be read. Says nothing about the objects it refers to. */
  readonly get: (key: ActionKey) => Effect.Effect<ActionRecord | null, StoreFailure>
  readonly put: (record: ActionRecord) => Effect.Effect<void, StoreFailure>
  readonly remove: (key: ActionKey) => Effect.Effect<void, StoreFailure>
  /** Every key that has a record, sorted. */
  readonly keys: Effect.Effect<ReadonlyArray<ActionKey>, StoreFailure>
}
