/** Few-shot prompts of a choice task, as the evaluation harness of the paper builds and draws them. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AnyRow, Table } from "../src/pipeline/Artifact.ts"
import type { TableReader } from "../src/pipeline/Reader.ts"
import { anyTable, apply, stage, tableOf } from "../src/pipeline/Stage.ts"
import { render, Template } from "../src/text/template.ts"
import type { ChoiceTask } from "./choiceTask.ts"
import { LabelTooRare, LabelUnknown, NotEnoughRows } from "./Errors.ts"
import { drawFewShot, pickStratified, quotas, Sampling, strataOf } from "./fewShot.ts"

/** One question: the text before the answer, and each answer that could follow. */
export const ChoicePrompt = Schema.Struct({
  /** Position of the document that is asked, in its table. */
  document: Schema.Int,
  context: Schema.String,
  choices: Schema.Array(Schema.String),
  /** Position of the right answer. */
  gold: Schema.Int
})
export type ChoicePrompt = typeof ChoicePrompt.Type

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

/** Position of the choice that a row's label stands for. */
const goldOf = (row: AnyRow, position: number, { choices, label }: Settings) => {
  const gold = choices.findIndex((choice) => choice.label === row[label])
  return gold >= 0
    ? Effect.succeed(gold)
    : Effect.fail(
        new LabelUnknown({
          row: position,
          column: label,
          found: String(row[label]),
          labels: choices.map((choice) => choice.label)
        })
      )
}

const ask = (row: AnyRow, position: number, settings: Settings) =>
  Effect.map(goldOf(row, position, settings), (gold): Asked => {
    const texts = Object.fromEntries(Object.entries(row).map(([column, value]) => [column, String(value)]))
    return { question: render(settings.document, texts), gold }
  })

const askAll = (reader: TableReader<AnyRow>, positions: Int32Array, settings: Settings) =>
  Effect.gen(function* () {
    const rows = yield* reader.take(positions)
    return yield* Effect.forEach(rows, (row, index) => ask(row, positions[index] ?? 0, settings))
  })

/** The labels of all examples: one byte a row is in memory. */
const labelsOf = (examples: TableReader<AnyRow>, settings: Settings) =>
  Effect.gen(function* () {
    const labels = new Uint8Array(examples.rows)
    let read = 0
    yield* Stream.runForEach(examples.batches, (batch) =>
      Effect.forEach(
        batch,
        (row) =>
          Effect.map(goldOf(row, read, settings), (gold) => {
            labels[read] = gold
            read += 1
          }),
        { discard: true }
      )
    )
    return labels
  })

/** Which documents are asked and which examples they get. Memory: four bytes a document, and `shots` times that. */
const draw = (documents: number, examples: TableReader<AnyRow>, settings: Settings) =>
  Effect.gen(function* () {
    const {
      limit,
      sampling: { kind, seed },
      shots
    } = settings
    const drawn = { limit, seed, shots }
    if (kind === "harness") return drawFewShot(documents, drawn, (random) => random.sample(examples.rows, shots))
    const labels = yield* labelsOf(examples, settings)
    const strata = strataOf(labels)
    const given = quotas(
      strata.map(({ length }) => length),
      shots
    )
    const poor = strata.findIndex(({ length }, index) => length < (given[index] ?? 0))
    if (poor >= 0) {
      const choice = settings.choices[labels[strata[poor]?.[0] ?? 0] ?? 0]
      return yield* new LabelTooRare({
        label: choice?.label ?? "",
        asked: given[poor] ?? 0,
        rows: strata[poor]?.length ?? 0
      })
    }
    return drawFewShot(documents, drawn, pickStratified(strata, given))
  })

const choicePromptsStage = stage({
  name: "choicePrompts",
  module: import.meta.url,
  computes: false,
  config: Settings,
  inputs: { documents: anyTable, examples: anyTable },
  outputs: { prompts: tableOf(ChoicePrompt) },
  run: ({ documents, examples }, settings) =>
    Effect.gen(function* () {
      const { shots } = settings
      if (shots > examples.rows) {
        return yield* new NotEnoughRows({ stage: "choicePrompts", asked: shots, rows: examples.rows })
      }
      const { asked, examples: drawn } = yield* draw(documents.rows, examples, settings)
      const texts = settings.choices.map(({ text }) => text)
      const batch = (start: number) =>
        Effect.gen(function* () {
          const questions = yield* askAll(documents, asked.slice(start, start + batchRows), settings)
          const shown = yield* askAll(examples, drawn.slice(start * shots, (start + batchRows) * shots), settings)
          const lines = shown.map(({ gold, question }) => question + (texts[gold] ?? "") + settings.separator)
          return questions.map(({ gold, question }, index): ChoicePrompt => ({
            document: asked[start + index] ?? 0,
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
 * `sampling` shuffles the documents and draws `shots` examples for each from one `random.Random(42)`: "harness" as
 * Stability-AI/lm-evaluation-harness (jp-stable) did in 2023, "stratified" as it has done since task version 1.3.
 * `limit` asks the first so many after the shuffle.
 */
export const choicePrompts = (config: {
  readonly task: ChoiceTask
  readonly shots: number
  readonly sampling?: Sampling["kind"] | Sampling
  readonly limit?: number
}): Table<ChoicePrompt> => {
  const { choices, description, document, documents, examples, label, name, separator } = config.task
  const { limit = null, sampling = "harness", shots } = config
  return apply(choicePromptsStage, {
    config: {
      description,
      document,
      separator,
      label,
      choices,
      shots,
      sampling: typeof sampling === "string" ? { kind: sampling, seed: 42 } : sampling,
      limit
    },
    inputs: { documents, examples },
    schemas: {},
    estimate:
      async () =>
      ({ documents: { rows } }, { limit }) =>
        Effect.succeed({ rows: { prompts: Math.min(limit ?? rows, rows) } }),
    label: `prompts: ${name}, ${shots} ${shots === 1 ? "shot" : "shots"}`
  }).prompts
}
