/** `tanren graph`: the pipeline as a drawing (Mermaid) or as edges. */
import * as Effect from "effect/Effect"
import type { Recipe, Source, Step } from "../../engine/Recipe.ts"
import * as Tree from "../../engine/Tree.ts"
import { outsideName } from "../outsideName.ts"
import type { Output } from "../Output.ts"
import { exitCodes } from "../exitCodes.ts"

const quoted = (text: string): string => `"${text.replaceAll('"', "#quot;")}"`

interface Edge {
  readonly from: Source
  readonly to: Step
  readonly port: string
}

const edgesInto = (step: Step): ReadonlyArray<Edge> =>
  Object.entries(step.inputs).flatMap(([port, tree]) => Tree.leaves(tree).map((from) => ({ from, to: step, port })))

export const graphVerb = (recipe: Recipe, output: Output) =>
  Effect.gen(function* () {
    const numbers = new Map(recipe.steps.map((step, index) => [step, `n${index}`]))
    const outside = new Map<string, string>()
    yield* output.line("flowchart TD")
    for (const step of recipe.steps) {
      yield* output.line(`  ${numbers.get(step)}[${quoted(step.name)}]`)
      const inputs = edgesInto(step).map(({ from, port }) =>
        from.kind === "step" ? { port, node: from.step.name, output: from.output } : { port, files: outsideName(from) }
      )
      yield* output.object({ node: step.name, stage: step.node.stage.name, inputs })
    }
    const drawn = new Set<string>()
    for (const { from, to } of recipe.steps.flatMap(edgesInto)) {
      let start: string | undefined
      if (from.kind === "step") {
        start = numbers.get(from.step)
      } else {
        const name = outsideName(from)
        start = outside.get(name)
        if (start === undefined) {
          start = `f${outside.size}`
          outside.set(name, start)
          yield* output.line(`  ${start}[/${quoted(name)}/]`)
        }
      }
      const edge = `  ${start} --> ${numbers.get(to)}`
      if (!drawn.has(edge)) yield* output.line(edge)
      drawn.add(edge)
    }
    return exitCodes.done
  })
