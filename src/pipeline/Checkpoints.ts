/** How a stage that works for long keeps its place: one that was cut off goes on from there. No result depends on it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/**
 * Takes and gives back the state of a stage's one long work, which goes from 0 to `total` in steps of the stage's own.
 * From a state the work must go on to the very bytes that it would have come to without a stop. States are kept by what
 * decides the result, so that no stage sees one of other code, config or inputs.
 */
export const Checkpoints = Context.Reference<{
  /**
   * The furthest state that was kept up to `total` and that `read` understands, as `read` gives it; null where there is
   * none, and the work starts from its beginning.
   */
  readonly resume: <A>(total: number, read: (state: Uint8Array) => A | null) => Effect.Effect<A | null>
  /**
   * Offers the state after `done` steps, in pieces that follow each other. Whether one is due is not for the stage to
   * know: `state` is made only then. That it cannot be kept is no failure of the work.
   */
  readonly offer: <E, R>(
    done: number,
    total: number,
    state: Effect.Effect<ReadonlyArray<Uint8Array>, E, R>
  ) => Effect.Effect<void, E, R>
}>("tanren/pipeline/Checkpoints", {
  defaultValue: () => ({ resume: () => Effect.succeed(null), offer: () => Effect.void })
})
