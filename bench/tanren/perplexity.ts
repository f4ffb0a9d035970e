/**
 * Perplexity of answers as Tanren measures it: { model, file, batch }, `batch` the tokens at once. Tokenizing is timed,
 * loading is not. Ends with { seconds, losses, tokens, labels }: the mean cross entropy of each row in nats, and how
 * many tokens and labels it has.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { makeScorer } from "../../src/model/score.ts"
import { given, job, openFolder, report, timed } from "./model.ts"

const rows = Schema.decodeUnknownSync(Schema.Array(Schema.Struct({ prompt: Schema.String, response: Schema.String })))(
  given()
)

await report(
  Effect.gen(function* () {
    const { model, tokenizer } = yield* openFolder
    const end = tokenizer.eosId ?? 0
    const score = yield* makeScorer(model, { batchTokens: job.batch })
    yield* score([{ context: Int32Array.of(1), continuations: [Int32Array.of(2)] }])
    const { result, seconds } = yield* timed(
      Effect.gen(function* () {
        const encoded = yield* tokenizer.encodePrompted(rows)
        const requests = encoded.map(({ ids, promptTokens }) => ({
          context: ids.subarray(0, promptTokens),
          continuations: [Int32Array.of(...ids.subarray(promptTokens), end)]
        }))
        return { encoded, scores: (yield* score(requests)).flat() }
      })
    )
    return {
      seconds,
      losses: result.scores.map(({ logProbability, tokens }) => -logProbability / tokens),
      tokens: result.encoded.map(({ ids }) => ids.length),
      labels: result.scores.map(({ tokens }) => tokens)
    }
  })
)
