/** `tanren why`: what changed since each step last ran. */
import * as Effect from "effect/Effect"
import { lastIngredients } from "../../engine/lookup.ts"
import { plan, type Planned } from "../../engine/plan.ts"
import type { Recipe } from "../../engine/Recipe.ts"
import { changes, describe } from "../../engine/why.ts"
import { exitCodes } from "../exitCodes.ts"
import type { Output } from "../Output.ts"
import { select } from "../selection.ts"

const changesOf = (experiment: string, { found, step }: Planned) =>
  Effect.map(lastIngredients(experiment, step), (last) =>
    found?.kind === "miss" && last !== null ? changes(last, found.identity.ingredients) : []
  )

export const whyVerb = (recipe: Recipe, root: string, node: string | null, output: Output) =>
  Effect.gen(function* () {
    const selected = new Set(yield* select(recipe, node))
    const planned = (yield* plan(recipe, root)).filter(({ step }) => selected.has(step))
    for (const one of planned) {
      const { reason, status, step } = one
      const found = yield* changesOf(recipe.experiment.name, one)
      yield* output.object({ node: step.name, stage: step.node.stage.name, status, reason, changes: found })
      if (status === "cached") continue
      yield* output.line(found.length === 0 ? `${step.name}: ${reason}` : `${step.name}:`)
      for (const change of found) yield* output.line(`  ${describe(change)}`)
    }
    if (planned.every(({ status }) => status === "cached"))
      yield* output.line("Nothing changed: every result is cached.")
    return exitCodes.done
  })
