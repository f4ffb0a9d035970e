/** A step's checkpoints: kept under its key when one is due, found again by its lineage, and never a failure of the step. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Checkpoints } from "../pipeline/Checkpoints.ts"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { Kept } from "../store/Checkpoints.ts"
import { Store } from "../store/Store.ts"
import { Events } from "./Events.ts"
import type { Identity } from "./identity.ts"
import { lineageOf } from "./lineage.ts"
import type { Step } from "./Recipe.ts"

export interface StepCheckpoints {
  /** What the step's stage is given. */
  readonly service: typeof Checkpoints.Service
  /** Once the result is stored: lets go of the last state, unless a longer work may go on from it. */
  readonly settle: Effect.Effect<void>
}

/**
 * The checkpoints of a step whose key this process holds. A state is due once the seconds of the interval passed since
 * the last one, and at the end of a work that a longer one may go on from. `intact` says whether everything that the
 * step is made from is as it was: a state that may come of other files is not kept.
 */
export const checkpointsOf = (
  step: Step,
  identity: Identity,
  interval: number,
  intact: Effect.Effect<boolean, StageFailure, Store>
): Effect.Effect<StepCheckpoints, never, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const { emit } = yield* Events
    const lineage = lineageOf(step, identity)
    const place = { lineage: lineage.key, key: identity.key }
    let keptAt = yield* Clock.currentTimeNanos
    let refused = false

    const warn = ({ message }: StageFailure, consequence: string) =>
      emit({ kind: "warning", step: step.name, message: `${message} ${consequence}` })
    const without = (failure: StageFailure) => Effect.as(warn(failure, "The work starts without it."), null)

    const read = (kept: Kept) => store.checkpoints.read(kept).pipe(Effect.catch(without))

    const resume: StepCheckpoints["service"]["resume"] = (total, understand) =>
      Effect.gen(function* () {
        for (const kept of yield* store.checkpoints.of(place.lineage)) {
          const state = kept.position > total ? null : yield* read(kept)
          const found = state === null ? null : understand(state)
          if (found === null) continue
          yield* emit({ kind: "resumed", step: step.name, done: kept.position, total })
          return found
        }
        return null
      }).pipe(Effect.catch(without))

    const keep = (done: number, state: ReadonlyArray<Uint8Array>) =>
      Effect.gen(function* () {
        if (!(yield* intact)) return
        yield* store.checkpoints.keep(place, done, state)
        refused = false
      }).pipe(
        Effect.catch((failure) => {
          const told = refused
          refused = true
          // Told once: the same would be said of every later state.
          return told
            ? Effect.void
            : warn(failure, "The work goes on; cut off, it would start from its last checkpoint.")
        }),
        Effect.provideService(Store, store)
      )

    const offer: StepCheckpoints["service"]["offer"] = (done, total, state) =>
      Effect.gen(function* () {
        const due = Number((yield* Clock.currentTimeNanos) - keptAt) >= interval * 1e9
        if (!due && !(lineage.open && done === total)) return
        yield* keep(done, yield* state)
        keptAt = yield* Clock.currentTimeNanos
      })

    const settle = lineage.open ? Effect.void : Effect.ignore(store.checkpoints.remove(place))
    return { service: { resume, offer }, settle }
  })
