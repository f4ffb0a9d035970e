/** `evalChoices` takes the likeliest of a question's choices for the model's answer, and counts how many are right. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Model, Table, Value } from "../src/pipeline/Artifact.ts"
import { MeasurementResult, TextLengths } from "../src/pipeline/Measurement.ts"
import { tokenizerOf } from "../src/pipeline/model.ts"
import { Progress } from "../src/pipeline/Progress.ts"
import { aModel, apply, someFiles, stage, tableOf, valueOf } from "../src/pipeline/Stage.ts"
import type { AskedChoices } from "../src/report/harness.ts"
import { ChoiceEncoding, encodeChoices } from "./choiceEncoding.ts"
import { argmax, choiceScores } from "./choiceMetrics.ts"
import { ChoicePrompt, choicePrompts } from "./choicePrompts.ts"
import type { ChoiceTask } from "./choiceTask.ts"
import type { Sampling } from "./fewShot.ts"
import { textLengths, TuningLength } from "./textLengths.ts"
import { readTokenizer } from "./tokenizer.ts"

/** Accuracy and the metrics beside it. */
export const ChoiceResult = Schema.Struct({
  ...MeasurementResult.fields,
  questions: Schema.Int,
  /** A text is a context with its longest choice. */
  ...TextLengths.fields
})
export type ChoiceResult = typeof ChoiceResult.Type

/** What the model made of one question. */
export const ChoiceAnswer = Schema.Struct({
  gold: Schema.Int,
  predicted: Schema.Int,
  /** By likelihood divided by the choice's number of characters. */
  predictedByCharacter: Schema.Int,
  /** Sum of log-probabilities of each choice's tokens, in nats. */
  logProbabilities: Schema.Array(Schema.Finite),
  tokens: Schema.Int
})
export type ChoiceAnswer = typeof ChoiceAnswer.Type

/** A choice task put to a model: its result, and beside it what was asked and what the model made of each question. */
export interface MeasuredChoices extends Value<ChoiceResult> {
  readonly asked: AskedChoices
  readonly prompts: Table<ChoicePrompt>
  readonly answers: Table<ChoiceAnswer>
}

/** Questions scored between two reports of progress; their tokens are in memory together. */
const questionsAtOnce = 64

const answerOf = (prompt: ChoicePrompt, logProbabilities: ReadonlyArray<number>, tokens: number): ChoiceAnswer => ({
  gold: prompt.gold,
  predicted: argmax(logProbabilities),
  // Python counts code points, so a character beyond the basic plane counts once.
  predictedByCharacter: argmax(
    logProbabilities.map((value, choice) => value / [...(prompt.choices[choice] ?? "")].length)
  ),
  logProbabilities,
  tokens
})

const choicesStage = stage({
  name: "evalChoices",
  module: import.meta.url,
  computes: true,
  config: Schema.Struct({
    encoding: ChoiceEncoding,
    tuningLength: TuningLength,
    batchTokens: Schema.Int.check(Schema.isGreaterThan(0))
  }),
  inputs: { prompts: tableOf(ChoicePrompt), tokenizer: someFiles, model: aModel },
  outputs: { result: valueOf(ChoiceResult), answers: tableOf(ChoiceAnswer) },
  run: ({ model: files, prompts, tokenizer: tokenizerFiles }, { batchTokens, encoding, tuningLength }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { openModel } = yield* Effect.promise(() => import("../src/model/Model.ts"))
        const { makeScorer } = yield* Effect.promise(() => import("../src/model/score.ts"))
        const { report } = yield* Progress
        const tokenizer = yield* readTokenizer(tokenizerFiles)
        const model = yield* openModel(files)
        const score = yield* makeScorer(model, { batchTokens })
        const answers: Array<ChoiceAnswer> = []
        const batches = prompts.batches.pipe(Stream.flattenIterable, Stream.rechunk(questionsAtOnce), Stream.chunks)
        yield* Stream.runForEach(batches, (batch) =>
          Effect.gen(function* () {
            const requests = yield* encodeChoices(encoding, tokenizer, batch)
            const scored = yield* score(requests)
            batch.forEach((prompt, index) => {
              const request = requests[index]
              const longest = Math.max(...(request?.continuations ?? []).map(({ length }) => length))
              const logProbabilities = (scored[index] ?? []).map(({ logProbability }) => logProbability)
              answers.push(answerOf(prompt, logProbabilities, (request?.context.length ?? 0) + longest))
            })
            yield* report({ done: answers.length, total: prompts.rows, unit: "questions" })
          })
        )
        const { positions } = model.config
        return {
          result: {
            scores: choiceScores(answers, Math.max(...answers.map(({ logProbabilities }) => logProbabilities.length))),
            questions: answers.length,
            ...textLengths(
              answers.map(({ tokens }) => tokens),
              { positions, tuningLength }
            )
          },
          answers: Stream.succeed(answers)
        }
      })
    )
})

/**
 * Accuracy on a choice task by likelihood (section 3.2 of the paper): the choice whose tokens have the highest summed
 * log-probability after the context; nothing else is considered. All choices of a question are scored in one forward
 * pass.
 */
export const evalChoices = (config: {
  readonly task: ChoiceTask
  /** Examples before each question. */
  readonly shots: number
  readonly sampling?: Sampling["kind"] | Sampling
  /** Ask the first so many questions after the shuffle. */
  readonly limit?: number
  /** Context and choice tokenized "apart" (the default), as in the paper's harness, or "joint", as in lm-eval 0.4. */
  readonly encoding?: ChoiceEncoding
  /** Tokens a row had at most in tuning: the result counts questions that are longer. */
  readonly tuningLength?: number
  /** Tokens computed at once: memory and speed, not results. */
  readonly batchTokens?: number
}): ((model: Model) => MeasuredChoices) => {
  const { batchTokens = 2048, encoding = "apart", tuningLength = null, ...asked } = config
  const prompts: Table<ChoicePrompt> = choicePrompts(asked)
  const { task } = config
  return (model) => {
    const { answers, result } = apply(choicesStage, {
      config: { encoding, tuningLength, batchTokens },
      inputs: { prompts, tokenizer: tokenizerOf(model), model },
      schemas: {},
      estimate: async () => (await import("./estimates/measurements.ts")).estimateChoices
    })
    return {
      ...result,
      asked: {
        task: task.name,
        description: task.description,
        separator: task.separator,
        choices: task.choices.map(({ text }) => text),
        shots: config.shots,
        limit: config.limit ?? null
      },
      prompts,
      answers
    }
  }
}
