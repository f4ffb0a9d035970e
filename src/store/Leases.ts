/** Leases: one computation per key at a time, across the fibers of a process and the processes of a machine. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ActionKey } from "./Digest.ts"
import type { StoreFailure } from "./Errors.ts"

export interface Leases {
  /** Waits until nobody else holds the key, then holds it until the scope closes. */
  readonly hold: (key: ActionKey) => Effect.Effect<void, StoreFailure, Scope.Scope>
  /**
   * The result of `find`, or else of `compute`, which runs under the lease: whoever comes second waits and then finds.
   * `find` gives null for a miss.
   */
  readonly share: <A, E, R, E2, R2>(
    key: ActionKey,
    find: Effect.Effect<A | null, E, R>,
    compute: Effect.Effect<A, E2, R2>
  ) => Effect.Effect<A, E | E2 | StoreFailure, R | R2>
  /** Keys that a live holder has now. */
  readonly held: Effect.Effect<ReadonlyArray<ActionKey>, StoreFailure>
}
