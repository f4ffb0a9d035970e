/** Few-shot prompts of a choice task, as the evaluation harness of the paper builds and draws them. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AnyRow, Table } from "../src/pipeline/Artifact.ts"
import type { TableReader } from "../src/pipeline/Reader.ts"
import { anyTable, apply, stage, tableOf } from "../src/pipeline/Stage.ts"
import { PythonRandom } from "../src/text/pythonRandom.ts"
import { render, Template } from "../src/text/template.ts"
import type { ChoiceTask } from "./choiceTask.ts"
import { LabelUnknown, NotEnoughRows } from "./Errors.ts"

/** One question: the text before the answer, and each answer that could follow. */
export const ChoicePrompt = Schema.Struct({
  context: Schema.String,
  choices: Schema.Array(Schema.String),
  /** Position of the right answer. */
  gold: Schema.Int
})
export type ChoicePrompt = typeof ChoicePrompt.Type

/** How examples are drawn: one stream of CPython's random, seeded once, that also shuffles the documents. */
export const Sampling = Schema.Struct({ kind: Schema.Literal("harness"), seed: Schema.Int })
export type Sampling = typeof Sampling.Type

const Settings = Schema.Struct({
  description: Schema.String,
  document: Template,
  separator: Schema.String,
  label: Schema.String,
  choices: Schema.Array(Schema.Struct({ label: Schema.String, text: Schema.String })),
  shots: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  sampling: Sampling,
  limit: Schema.NullOr(Schema.Int.check(Schema.isGreaterThan(0)))
})
type Settings = typeof Settings.Type

/** Documents rendered at a time; the examples of as many are in memory. */
const batchRows = 256

interface Asked {
  readonly question: string
  readonly gold: number
}

const ask = (row: AnyRow, position: number, settings: Settings) =>
  Effect.gen(function*() {
    const gold = settings.choices.findIndex(({ label }) => label === row[settings.label])
    if (gold < 0) {
      return yield* new LabelUnknown({
        row: position,
        column: settings.label,
        found: String(row[settings.label]),
        labels: settings.choices.map(({ label }) => label)
      })
    }
    const texts = Object.fromEntries(Object.entries(row).map(([column, value]) => [column, String(value)]))
    const asked: Asked = { question: render(settings.document, texts), gold }
    return asked
  })

const askAll = (reader: TableReader<AnyRow>, positions: Int32Array, settings: Settings) =>
  Effect.gen(function*() {
    const rows = yield* reader.take(positions)
    return yield* Effect.forEach(rows, (row, index) => ask(row, positions[index] ?? 0, settings))
  })

/** Positions of the documents in the order asked, and for each the positions of its examples. */
const draw = (documents: number, examples: number, { limit, sampling, shots }: Settings) => {
  const random = new PythonRandom(sampling.seed)
  const order = Int32Array.from({ length: documents }, (_, index) => index)
  random.shuffle(order)
  const asked = order.subarray(0, limit ?? documents)
  const drawn = new Int32Array(asked.length * shots)
  for (let index = 0; index < asked.length; index++) drawn.set(random.sample(examples, shots), index * shots)
  return { asked, drawn }
}

const choicePromptsStage = stage({
  name: "choicePrompts",
  module: import.meta.url,
  computes: false,
  config: Settings,
  inputs: { documents: anyTable, examples: anyTable },
  outputs: { prompts: tableOf(ChoicePrompt) },
  run: ({ documents, examples }, settings) =>
    Effect.gen(function*() {
      const { shots } = settings
      if (shots > examples.rows) {
        return yield* new NotEnoughRows({ stage: "choicePrompts", asked: shots, rows: examples.rows })
      }
      const { asked, drawn } = draw(documents.rows, examples.rows, settings)
      const texts = settings.choices.map(({ text }) => text)
      const batch = (start: number) =>
        Effect.gen(function*() {
          const questions = yield* askAll(documents, asked.slice(start, start + batchRows), settings)
          const shown = yield* askAll(examples, drawn.slice(start * shots, (start + batchRows) * shots), settings)
          const lines = shown.map(({ gold, question }) => question + (texts[gold] ?? "") + settings.separator)
          return questions.map(({ gold, question }, index): ChoicePrompt => ({
            context: settings.description + lines.slice(index * shots, (index + 1) * shots).join("") + question,
            choices: texts,
            gold
          }))
        })
      const starts = Array.from({ length: Math.ceil(asked.length / batchRows) }, (_, index) => index * batchRows)
      return { prompts: Stream.mapEffect(Stream.fromIterable(starts), batch) }
    })
})

/**
 * The prompts of a task: context = description, then each example with its answer and the separator, then the document.
 * `sampling: "harness"` shuffles the documents and draws `shots` examples for each from one `random.Random(42)`, as
 * Stability-AI/lm-evaluation-harness (jp-stable, 2023) does; `limit` asks the first so many after the shuffle.
 */
export const choicePrompts = (config: {
  readonly task: ChoiceTask
  readonly shots: number
  readonly sampling?: "harness" | Sampling
  readonly limit?: number
}): Table<ChoicePrompt> => {
  const { choices, description, document, documents, examples, label, name, separator } = config.task
  const sampling = config.sampling ?? "harness"
  return apply(choicePromptsStage, {
    config: {
      description,
      document,
      separator,
      label,
      choices,
      shots: config.shots,
      sampling: sampling === "harness" ? { kind: "harness", seed: 42 } : sampling,
      limit: config.limit ?? null
    },
    inputs: { documents, examples },
    schemas: {},
    label: `prompts: ${name}, ${config.shots} shots`
  }).prompts
}
