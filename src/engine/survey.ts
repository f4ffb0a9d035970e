/** A look at a whole recipe before anything runs: which results are there. One pass in order, with no fiber a step. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Sources } from "../source/Sources.ts"
import type { Store } from "../store/Store.ts"
import { type Lookup, lookup, resolveInputs, resolveSource } from "./lookup.ts"
import { dependencies, type Recipe, type Step } from "./Recipe.ts"

/** What can be told of a step while nothing runs. */
export type Sight =
  | Lookup
  /** What these steps give is not known yet. */
  | { readonly kind: "blocked"; readonly by: ReadonlyArray<Step> }
  /** An input is missing or cannot be read. */
  | { readonly kind: "failed"; readonly failure: StageFailure }

/** Looks at every step, in the recipe's order; `root` is the pipeline file's folder, `depth` as in `lookup`. */
export const survey = (
  recipe: Recipe,
  root: string,
  depth: (step: Step) => "stat" | "content"
): Effect.Effect<ReadonlyMap<Step, Sight>, never, Store | Sources | OnnxRuntime> =>
  Effect.gen(function* () {
    const sights = new Map<Step, Sight>()
    const known = (step: Step) =>
      Effect.suspend(() => {
        const sight = sights.get(step)
        return sight?.kind === "hit"
          ? Effect.succeed(sight.known)
          : Effect.die(`internal: "${step.name}" is read before it is known`)
      })
    for (const step of recipe.steps) {
      const by = dependencies(step).filter((dependency) => sights.get(dependency)?.kind !== "hit")
      if (by.length > 0) {
        sights.set(step, { kind: "blocked", by })
        continue
      }
      const found = yield* Effect.result(
        Effect.flatMap(resolveInputs(step, resolveSource(root, known)), (inputs) =>
          lookup(recipe.experiment.name, step, inputs, depth(step))
        )
      )
      sights.set(step, Result.isSuccess(found) ? found.success : { kind: "failed", failure: found.failure })
    }
    return sights
  })
