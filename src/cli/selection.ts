/** The step that a command line names. */
import * as Effect from "effect/Effect"
import { UnknownStep } from "../engine/Errors.ts"
import type { Recipe, Step } from "../engine/Recipe.ts"

/** The step of that name, or all steps where none is named. */
export const select = (recipe: Recipe, name: string | null): Effect.Effect<ReadonlyArray<Step>, UnknownStep> => {
  if (name === null) return Effect.succeed(recipe.steps)
  const found = recipe.steps.filter((step) => step.name === name)
  return found.length > 0
    ? Effect.succeed(found)
    : Effect.fail(new UnknownStep({ name, steps: recipe.steps.map((step) => step.name) }))
}
