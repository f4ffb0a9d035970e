/** A plan: for each step, whether its result is there, must be made, or cannot be told yet. */
import * as Effect from "effect/Effect"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Sources } from "../source/Sources.ts"
import type { Store } from "../store/Store.ts"
import type { Lookup } from "./lookup.ts"
import type { Recipe, Step } from "./Recipe.ts"
import { type Sight, survey } from "./survey.ts"

export interface Planned {
  readonly step: Step
  /** `blocked`: an input is yet to be made, so whether this step has to run is known only then. */
  readonly status: "cached" | "run" | "blocked"
  readonly reason: string
  /** What the store says of the step; null while it is blocked. */
  readonly found: Lookup | null
}

const plannedOf = (step: Step, sight: Sight): Effect.Effect<Planned, StageFailure> => {
  switch (sight.kind) {
    case "hit":
      return Effect.succeed({ step, status: "cached", reason: "same code, config and inputs", found: sight })
    case "miss":
      return Effect.succeed({ step, status: "run", reason: sight.reason, found: sight })
    case "blocked": {
      const names = sight.by.map(({ name }) => `"${name}"`).join(", ")
      return Effect.succeed({ step, status: "blocked", reason: `waits for ${names}`, found: null })
    }
    case "failed":
      return Effect.fail(sight.failure)
  }
}

/** Plans a recipe; runs nothing. `root` is the pipeline file's folder. */
export const plan = (
  recipe: Recipe,
  root: string
): Effect.Effect<ReadonlyArray<Planned>, StageFailure, Store | Sources | OnnxRuntime> =>
  Effect.flatMap(
    survey(recipe, root, () => "stat"),
    (sights) => Effect.forEach(sights, ([step, sight]) => plannedOf(step, sight))
  )
