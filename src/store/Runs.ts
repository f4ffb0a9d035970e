/** What each invocation did, and the key that each node of each experiment had last. */
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ActionKey } from "./Digest.ts"
import type { StoreFailure } from "./Errors.ts"

/** One invocation. The identifier sorts by time and is the caller's to give, such as an ISO time and a random part. */
export const RunRecord = Schema.Struct({
  format: Schema.Literal(1),
  id: Schema.String.check(Schema.isPattern(/^[0-9A-Za-z][0-9A-Za-z._-]*$/)),
  experiment: Schema.String,
  started: Schema.String,
  finished: Schema.String,
  /** Node name to the key that it had and what became of it. */
  nodes: Schema.Record(
    Schema.String,
    Schema.Struct({ key: ActionKey, outcome: Schema.Literals(["hit", "ran", "failed"]) })
  ),
  detail: Schema.Json
})
export type RunRecord = typeof RunRecord.Type

export interface Runs {
  readonly record: (run: RunRecord) => Effect.Effect<void, StoreFailure>
  /** The newest runs first, at most `limit`. */
  readonly recent: (limit: number) => Effect.Effect<ReadonlyArray<RunRecord>, StoreFailure>
  /** The last key of each node of an experiment, by node name. */
  readonly latest: (experiment: string) => Effect.Effect<Readonly<Record<string, ActionKey>>, StoreFailure>
  /** Updates the last keys of some nodes; those of others stay, whoever updates them meanwhile. */
  readonly remember: (
    experiment: string,
    keys: Readonly<Record<string, ActionKey>>
  ) => Effect.Effect<void, StoreFailure>
}
