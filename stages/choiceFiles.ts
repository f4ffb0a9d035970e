/** The results of choice tasks as the files of lm-eval 0.4, which a report may have beside its page. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Table, Value } from "../src/pipeline/Artifact.ts"
import type { Results } from "../src/pipeline/Experiment.ts"
import type { StreamedFilesContent, TableReader } from "../src/pipeline/Reader.ts"
import type { Readers } from "../src/pipeline/Stage.ts"
import { treeOf } from "../src/pipeline/Stage.ts"
import type { ChoicePrompt } from "./choicePrompts.ts"
import type { ChoiceAnswer, ChoiceResult, MeasuredChoices } from "./evalChoices.ts"

/** Where a choice task stands in a report, and how it was asked. */
export const ReportedChoices = Schema.Struct({
  model: Schema.String,
  measurement: Schema.String,
  asked: Schema.Struct({
    task: Schema.String,
    description: Schema.String,
    separator: Schema.String,
    choices: Schema.Array(Schema.String),
    shots: Schema.Int,
    limit: Schema.NullOr(Schema.Int)
  })
})
type ReportedChoices = typeof ReportedChoices.Type

/** All that became of the reported tasks, in their order. */
export const choicesPort = treeOf<
  ReadonlyArray<{
    readonly result: Value<ChoiceResult>
    readonly prompts: Table<ChoicePrompt>
    readonly answers: Table<ChoiceAnswer>
  }>
>()

const isMeasuredChoices = (value: Value<unknown>): value is MeasuredChoices =>
  "asked" in value && "prompts" in value && "answers" in value

/** The choice tasks among results. */
export const choicesIn = (results: Results): ReadonlyArray<ReportedChoices & { readonly measured: MeasuredChoices }> =>
  Object.entries(results).flatMap(([model, cells]) =>
    Object.entries(cells).flatMap(([measurement, measured]) =>
      isMeasuredChoices(measured) ? [{ model, measurement, asked: measured.asked, measured }] : []
    )
  )

const encoder = new TextEncoder()

/** Each question with its answer as lines, a batch of answers at a time. */
const sampleLines = (
  prompts: TableReader<ChoicePrompt>,
  answers: TableReader<ChoiceAnswer>,
  line: (prompt: ChoicePrompt, answer: ChoiceAnswer) => string
) => {
  let first = 0
  return Stream.mapEffect(answers.batches, (batch) => {
    const positions = Int32Array.from(batch, (_, index) => first + index)
    first += batch.length
    return Effect.map(prompts.take(positions), (asked) => {
      const lines = batch.map((answer, index) => (asked[index] === undefined ? "" : line(asked[index], answer)))
      return encoder.encode(lines.join(""))
    })
  })
}

/** A summary for each model that was asked, and the answers to each task. Memory: one batch of answers. */
export const choiceFiles = Effect.fn("choiceFiles")(function* (
  reported: ReadonlyArray<ReportedChoices>,
  given: Readers<{ readonly choices: typeof choicesPort }>["choices"]
): Effect.fn.Return<StreamedFilesContent> {
  if (reported.length === 0) return {}
  const { harnessSample, harnessSummary, samplesPath, summaryPath } = yield* Effect.promise(
    () => import("../src/report/harness.ts")
  )
  const tasks = reported.flatMap((task, index) => (given[index] === undefined ? [] : [{ ...task, ...given[index] }]))
  const summaries = [...new Set(tasks.map(({ model }) => model))].map((model) => {
    const done = tasks.filter((task) => task.model === model).map(({ result, ...task }) => ({ ...task, ...result }))
    return [summaryPath(model), encoder.encode(harnessSummary(model, done))] as const
  })
  const samples = tasks.map(
    ({ answers, measurement, model, prompts }) =>
      [samplesPath(model, measurement), sampleLines(prompts, answers, harnessSample)] as const
  )
  return Object.fromEntries([...summaries, ...samples])
})
