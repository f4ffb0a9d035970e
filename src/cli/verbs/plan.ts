/** `tanren plan`: what would run, and why. */
import * as Effect from "effect/Effect"
import { plan } from "../../engine/plan.ts"
import type { Recipe } from "../../engine/Recipe.ts"
import type { Output } from "../Output.ts"
import { exitCodes } from "../exitCodes.ts"
import { select } from "../selection.ts"

const marks = { cached: "✓", run: "▶", blocked: "…" } as const

export const planVerb = (recipe: Recipe, root: string, node: string | null, output: Output) =>
  Effect.gen(function* () {
    const selected = new Set(yield* select(recipe, node))
    const planned = (yield* plan(recipe, root)).filter(({ step }) => selected.has(step))
    for (const { reason, status, step } of planned) {
      yield* output.object({ node: step.name, stage: step.node.stage.name, status, reason })
      yield* output.line(
        `${marks[status]} ${status.padEnd(8)}${step.name}${status === "cached" ? "" : `  (${reason})`}`
      )
    }
    const count = (status: "cached" | "run" | "blocked") => planned.filter((one) => one.status === status).length
    yield* output.line(`${count("cached")} cached, ${count("run")} to run, ${count("blocked")} waiting`)
    return exitCodes.done
  })
