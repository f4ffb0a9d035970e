/** `tanren run`: obtain every result, say what became of each step, judge the expectations, put the report where people look. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as path from "node:path"
import { describe, judge, type Judged } from "../../engine/expectations.ts"
import { Events } from "../../engine/Events.ts"
import { readValue } from "../../engine/readers.ts"
import type { Recipe } from "../../engine/Recipe.ts"
import { type Outcome, run } from "../../engine/run.ts"
import { MeasurementResult } from "../../pipeline/Measurement.ts"
import { Store } from "../../store/Store.ts"
import type { Options } from "../arguments.ts"
import { exitCodes } from "../exitCodes.ts"
import { type Outcomes, publishReport, resolvedIn } from "../publish.ts"
import type { Output } from "../Output.ts"
import { ticker } from "../Ticker.ts"

/** The first score of every cell that is a measurement, by model and measurement. */
const scores = (recipe: Recipe, outcomes: Outcomes) =>
  Effect.gen(function* () {
    const found = new Map<string, Map<string, number>>()
    for (const [model, row] of Object.entries(recipe.experiment.results)) {
      for (const [measurement, value] of Object.entries(row)) {
        const resolved = resolvedIn(outcomes, recipe.sourceOf(value))
        if (resolved?.kind !== "value") continue
        const content = yield* readValue(resolved)
        if (!Schema.is(MeasurementResult)(content)) continue
        const byMeasurement = found.get(model) ?? new Map<string, number>()
        found.set(model, byMeasurement.set(measurement, content.scores[0].value))
      }
    }
    return found
  })

const judgedLine = ({ expectation, measurement, met, model, score }: Judged): string =>
  `${met ? "✓" : "✗"} ${model}, ${measurement}: ${score === null ? "no result" : score.toPrecision(5)}, expected ` +
  `${describe(expectation)}${expectation.source === null ? "" : ` (${expectation.source})`}`

const summary = (outcomes: Outcomes): string => {
  const count = (kind: Outcome["kind"]) => [...outcomes.values()].filter((outcome) => outcome.kind === kind).length
  return `${count("ran")} ran, ${count("cached")} cached, ${count("failed")} failed, ${count("not started")} not started`
}

export const runVerb = (recipe: Recipe, root: string, options: Options, output: Output) =>
  Effect.gen(function* () {
    const store = yield* Store
    const progress = ticker(output, process.stdout)
    const started = yield* Clock.currentTimeMillis
    const outcomes = yield* run(recipe, {
      root,
      jobs: options.jobs,
      computeJobs: 1,
      checkpointSeconds: options.checkpoint
    }).pipe(Effect.provideService(Events, { emit: progress.emit }), Effect.ensuring(progress.clear))
    for (const [step, outcome] of outcomes) {
      if (outcome.kind !== "not started") continue
      yield* output.object({ event: "not started", node: step.name, dependency: outcome.dependency })
      yield* output.line(`- ${step.name}: not started, because "${outcome.dependency}" gave no result`)
    }
    const seconds = ((yield* Clock.currentTimeMillis) - started) / 1000
    const found = yield* scores(recipe, outcomes)
    const judged = judge(recipe.experiment, (model, measurement) => found.get(model)?.get(measurement) ?? null)
    for (const one of judged) {
      yield* output.line(judgedLine(one))
      yield* output.object({ event: "expectation", ...one })
    }
    const report = yield* publishReport(recipe, outcomes, store.folders.root)
    yield* output.line(`${recipe.experiment.name}: ${summary(outcomes)}, in ${seconds.toFixed(1)} s`)
    if (report !== null) yield* output.line(`report: ${path.relative(process.cwd(), report)}`)
    yield* output.object({
      event: "done",
      experiment: recipe.experiment.name,
      seconds,
      nodes: Object.fromEntries([...outcomes].map(([step, { kind }]) => [step.name, kind])),
      report
    })
    if ([...outcomes.values()].some(({ kind }) => kind === "failed" || kind === "not started"))
      return exitCodes.stageFailed
    return judged.every(({ met }) => met) ? exitCodes.done : exitCodes.expectationMissed
  })
