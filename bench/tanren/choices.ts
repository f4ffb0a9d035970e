/**
 * Choices as Tanren scores them: { model, file, batch }, `batch` the tokens at once. Tokenizing is timed, loading is
 * not. Ends with { seconds, scores, tokens, labels }: log-probabilities of each question's choices, and how many tokens
 * its context and its choices have.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { makeScorer } from "../../src/model/score.ts"
import { encodeChoices } from "../../stages/choiceEncoding.ts"
import { ChoicePrompt } from "../../stages/choicePrompts.ts"
import { given, job, openFolder, report, timed } from "./model.ts"

const prompts = Schema.decodeUnknownSync(Schema.Array(ChoicePrompt))(given())

await report(
  Effect.gen(function* () {
    const { model, tokenizer } = yield* openFolder
    const score = yield* makeScorer(model, { batchTokens: job.batch })
    yield* score([{ context: Int32Array.of(1), continuations: [Int32Array.of(2)] }])
    const { result, seconds } = yield* timed(
      Effect.gen(function* () {
        const requests = yield* encodeChoices("joint", tokenizer, prompts)
        return { requests, scores: yield* score(requests) }
      })
    )
    return {
      seconds,
      scores: result.scores.map((scores) => scores.map(({ logProbability }) => logProbability)),
      tokens: result.requests.map(({ context }) => context.length),
      labels: result.scores.map((scores) => scores.reduce((all, { tokens }) => all + tokens, 0))
    }
  })
)
