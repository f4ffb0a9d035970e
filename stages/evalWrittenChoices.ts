/** `evalWrittenChoices` judges the answers that a model really writes to choice questions. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Model, Value } from "../src/pipeline/Artifact.ts"
import { MeasurementResult, type Score } from "../src/pipeline/Measurement.ts"
import { tokenizerOf } from "../src/pipeline/model.ts"
import { Progress } from "../src/pipeline/Progress.ts"
import { aModel, apply, someFiles, stage, tableOf, valueOf } from "../src/pipeline/Stage.ts"
import { ChoicePrompt, choicePrompts } from "./choicePrompts.ts"
import type { ChoiceTask } from "./choiceTask.ts"
import type { Sampling } from "./fewShot.ts"
import { Comparison, matchChoice, MatchRule } from "./matchRules.ts"
import { standardErrorOfMean } from "./perplexity.ts"
import { readTokenizer } from "./tokenizer.ts"

/** Accuracy by what is written; an answer in which no choice is found counts as wrong. */
export const WrittenChoiceResult = Schema.Struct({
  ...MeasurementResult.fields,
  questions: Schema.Int,
  /** Answers in which no rule finds a choice. */
  unparseable: Schema.Int,
  /** Questions that leave no room for the answer: the beginning of their contexts was left out. */
  beyondModel: Schema.Int
})
export type WrittenChoiceResult = typeof WrittenChoiceResult.Type

/** One answer and what was read out of it. */
export const WrittenChoice = Schema.Struct({
  gold: Schema.Int,
  /** Position of the choice found; -1 where none is. */
  predicted: Schema.Int,
  answer: Schema.String
})
export type WrittenChoice = typeof WrittenChoice.Type

const count = Schema.Int.check(Schema.isGreaterThan(0))

const share = (name: string, better: Score["better"], hits: ReadonlyArray<boolean>): Score => {
  const values = hits.map(Number)
  const value = values.reduce((sum, hit) => sum + hit, 0) / values.length
  return { name, value, standardError: standardErrorOfMean(values), better }
}

/** The scores of at least one answer; the accuracy of the parseable ones is left out where there are none. */
export const writtenScores = (
  answers: ReadonlyArray<Pick<WrittenChoice, "gold" | "predicted">>
): readonly [Score, ...ReadonlyArray<Score>] => {
  const right = (some: typeof answers) => some.map(({ gold, predicted }) => gold === predicted)
  const parseable = answers.filter(({ predicted }) => predicted >= 0)
  return [
    share("accuracy as written", "higher", right(answers)),
    share(
      "unparseable",
      "lower",
      answers.map(({ predicted }) => predicted < 0)
    ),
    ...(parseable.length === 0 ? [] : [share("accuracy of the parseable", "higher", right(parseable))])
  ]
}

const writtenStage = stage({
  name: "evalWrittenChoices",
  module: import.meta.url,
  computes: true,
  config: Schema.Struct({
    rules: Schema.NonEmptyArray(MatchRule),
    comparison: Comparison,
    maxTokens: count,
    stopStrings: Schema.Array(Schema.NonEmptyString),
    batchPrompts: count
  }),
  inputs: { prompts: tableOf(ChoicePrompt), tokenizer: someFiles, model: aModel },
  outputs: { result: valueOf(WrittenChoiceResult), answers: tableOf(WrittenChoice) },
  run: ({ model: files, prompts, tokenizer: tokenizerFiles }, { comparison, rules, ...options }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { openModel } = yield* Effect.promise(() => import("../src/model/Model.ts"))
        const { makeGenerator } = yield* Effect.promise(() => import("../src/model/generate.ts"))
        const { report } = yield* Progress
        const tokenizer = yield* readTokenizer(tokenizerFiles)
        const model = yield* openModel(files)
        const generate = yield* makeGenerator(model, {
          ...options,
          repetitionPenalty: 1,
          sampling: null,
          seed: 0,
          decode: (ids) => tokenizer.decode(ids)
        })
        const room = Math.max(1, model.config.positions - options.maxTokens)
        const answers: Array<WrittenChoice> = []
        let beyondModel = 0
        const batches = prompts.batches.pipe(
          Stream.flattenIterable,
          Stream.rechunk(options.batchPrompts),
          Stream.chunks
        )
        yield* Stream.runForEach(batches, (batch) =>
          Effect.gen(function* () {
            const contexts = yield* tokenizer.encodeBatch(
              batch.map(({ context }) => context),
              { special: true }
            )
            beyondModel += contexts.filter(({ length }) => length > room).length
            const written = yield* generate(contexts.map((ids) => ids.subarray(Math.max(0, ids.length - room))))
            batch.forEach(({ choices, gold }, index) => {
              const answer = written[index]?.text ?? ""
              answers.push({ gold, predicted: matchChoice(answer, choices, { rules, comparison }) ?? -1, answer })
            })
            yield* report({ done: answers.length, total: prompts.rows, unit: "answers" })
          })
        )
        const unparseable = answers.filter(({ predicted }) => predicted < 0).length
        return {
          result: { scores: writtenScores(answers), questions: answers.length, unparseable, beyondModel },
          answers: Stream.succeed(answers)
        }
      })
    )
})

/**
 * Accuracy on a choice task by the answer that the model writes, always its likeliest token, where `evalChoices`
 * compares likelihoods: whether a model that knows the right answer also says it. The prompts are the same, tokenized
 * with the model's special tokens, as for any text to be written on from; where a context leaves no room for the
 * answer, its beginning is left out. `rules` read the choice out of the answer. Memory: the prompts written on at once,
 * and one short answer a question.
 */
export const evalWrittenChoices = (config: {
  readonly task: ChoiceTask
  /** Examples before each question. */
  readonly shots: number
  readonly sampling?: Sampling["kind"] | Sampling
  /** Ask the first so many questions after the shuffle. */
  readonly limit?: number
  /** Tried in this order. */
  readonly rules?: readonly [MatchRule, ...ReadonlyArray<MatchRule>]
  readonly comparison?: Comparison
  /** Tokens that an answer may have. */
  readonly maxTokens?: number
  /** Texts that end an answer; by default what stands after each example. */
  readonly stopStrings?: ReadonlyArray<string>
  /** Prompts written on at once: memory and speed, not results. */
  readonly batchPrompts?: number
}): ((model: Model) => Value<WrittenChoiceResult>) => {
  const {
    batchPrompts = 8,
    comparison = "any width and case",
    maxTokens = 16,
    rules = ["exact", "startsWith", "firstMention"],
    stopStrings = config.task.separator === "" ? [] : [config.task.separator],
    ...asked
  } = config
  const prompts = choicePrompts(asked)
  return (model) =>
    apply(writtenStage, {
      config: { rules, comparison, maxTokens, stopStrings, batchPrompts },
      inputs: { prompts, tokenizer: tokenizerOf(model), model },
      schemas: {},
      estimate: async () => (await import("./estimates/measurements.ts")).estimateWrittenChoices
    }).result
}
