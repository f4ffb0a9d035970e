/** A plan: for each step, whether its result is there, must be made, or cannot be told yet. */
import * as Effect from "effect/Effect"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Sources } from "../source/Sources.ts"
import type { Store } from "../store/Store.ts"
import { type Known, type Lookup, lookup, resolveInputs, resolveSource } from "./lookup.ts"
import { dependencies, type Recipe, type Step } from "./Recipe.ts"

export interface Planned {
  readonly step: Step
  /** `blocked`: an input is yet to be made, so whether this step has to run is known only then. */
  readonly status: "cached" | "run" | "blocked"
  readonly reason: string
  /** What the store says of the step; null while it is blocked. */
  readonly found: Lookup | null
}

/** Plans a recipe; runs nothing. `root` is the pipeline file's folder. */
export const plan = (
  recipe: Recipe,
  root: string
): Effect.Effect<ReadonlyArray<Planned>, StageFailure, Store | Sources | OnnxRuntime> =>
  Effect.gen(function* () {
    const known = new Map<Step, Known>()
    const planned: Array<Planned> = []
    const find = (step: Step) => {
      const found = known.get(step)
      return found === undefined ? Effect.die(`internal: "${step.name}" is not planned yet`) : Effect.succeed(found)
    }
    for (const step of recipe.steps) {
      const waits = dependencies(step).filter((dependency) => !known.has(dependency))
      if (waits.length > 0) {
        const names = waits.map(({ name }) => `"${name}"`).join(", ")
        planned.push({ step, status: "blocked", reason: `waits for ${names}`, found: null })
        continue
      }
      const inputs = yield* resolveInputs(step, resolveSource(root, find))
      const found = yield* lookup(recipe.experiment.name, step, inputs, "stat")
      if (found.kind === "hit") known.set(step, found.known)
      planned.push(
        found.kind === "hit"
          ? { step, status: "cached", reason: "same code, config and inputs", found }
          : { step, status: "run", reason: found.reason, found }
      )
    }
    return planned
  })
