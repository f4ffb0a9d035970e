/** `generate` lets a model write answers to questions. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Model, Value } from "../src/pipeline/Artifact.ts"
import { Answers } from "../src/pipeline/Measurement.ts"
import { tokenizerOf } from "../src/pipeline/model.ts"
import { Progress } from "../src/pipeline/Progress.ts"
import { aModel, apply, someFiles, stage, valueOf } from "../src/pipeline/Stage.ts"
import { Prompt, renderPrompt } from "../src/text/Prompt.ts"
import { columnsOf } from "./columns.ts"
import { readTokenizer } from "./tokenizer.ts"

const count = Schema.Int.check(Schema.isGreaterThan(0))
const above0 = Schema.Finite.check(Schema.isGreaterThan(0))

const Settings = Schema.Struct({
  template: Prompt,
  column: Schema.String,
  questions: Schema.NonEmptyArray(Schema.String),
  maxTokens: count,
  repetitionPenalty: above0,
  sampling: Schema.NullOr(
    Schema.Struct({
      temperature: above0,
      topK: Schema.NullOr(count),
      topP: Schema.NullOr(above0.check(Schema.isLessThanOrEqualTo(1)))
    })
  ),
  stopStrings: Schema.Array(Schema.NonEmptyString),
  seed: Schema.Int,
  batchPrompts: count
})

const generateStage = stage({
  name: "generate",
  module: import.meta.url,
  computes: true,
  config: Settings,
  inputs: { tokenizer: someFiles, model: aModel },
  outputs: { answers: valueOf(Answers) },
  run: ({ model: files, tokenizer: tokenizerFiles }, { column, questions, template, ...options }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { openModel } = yield* Effect.promise(() => import("../src/model/Model.ts"))
        const { makeGenerator } = yield* Effect.promise(() => import("../src/model/generate.ts"))
        const { report } = yield* Progress
        const tokenizer = yield* readTokenizer(tokenizerFiles)
        const empty = Object.fromEntries(columnsOf(template).names.map((name) => [name, ""]))
        const texts = questions.map((question) => renderPrompt(template, { ...empty, [column]: question }).prompt)
        const prompts = yield* tokenizer.encodeBatch(texts, { special: true })
        const model = yield* openModel(files)
        const write = yield* makeGenerator(model, { ...options, decode: (ids) => tokenizer.decode(ids) })
        const written = yield* write(prompts)
        yield* report({ done: questions.length, total: questions.length, unit: "answers" })
        return {
          answers: {
            answers: questions.map((question, index) => ({
              question,
              answer: written[index]?.text ?? "",
              ended: written[index]?.ended ?? "token limit"
            }))
          }
        }
      })
    )
})

/**
 * Answers by free generation (section 4.2 of the paper): greedy, unless `sampling` is given. Each question stands in the gap
 * `column` of the template, whose other gaps stay empty. Writing ends at the end of text, before a stop string, or at the limit.
 */
export const generate =
  <Column extends string>(config: {
    readonly template: Prompt<Column>
    readonly column: NoInfer<Column>
    readonly questions: readonly [string, ...ReadonlyArray<string>]
    readonly maxTokens: number
    /** Of CTRL (Keskar et al. 2019); 1 is none. */
    readonly repetitionPenalty?: number
    readonly sampling?: { readonly temperature: number; readonly topK?: number; readonly topP?: number }
    readonly stopStrings?: ReadonlyArray<string>
    /** For sampling. */
    readonly seed?: number
    /** Prompts written on at once: memory and speed, not results. */
    readonly batchPrompts?: number
  }) =>
  (model: Model): Value<Answers> => {
    const { sampling } = config
    return apply(generateStage, {
      config: {
        template: config.template,
        column: config.column,
        questions: config.questions,
        maxTokens: config.maxTokens,
        repetitionPenalty: config.repetitionPenalty ?? 1,
        sampling:
          sampling === undefined
            ? null
            : { temperature: sampling.temperature, topK: sampling.topK ?? null, topP: sampling.topP ?? null },
        stopStrings: config.stopStrings ?? [],
        seed: config.seed ?? 0,
        batchPrompts: config.batchPrompts ?? 8
      },
      inputs: { tokenizer: tokenizerOf(model), model },
      schemas: {},
      estimate: async () => (await import("./estimates/measurements.ts")).estimateGeneration
    }).answers
  }
