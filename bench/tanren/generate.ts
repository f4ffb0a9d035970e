/**
 * Greedy generation as Tanren does it: { model, file, batch, maxTokens }, `batch` the prompts at once. Ends with
 * { seconds, answers, tokens }: the tokens written after each prompt, and the prompt's tokens.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { makeGenerator } from "../../src/model/generate.ts"
import { given, job, openFolder, report, timed } from "./model.ts"

const prompts = Schema.decodeUnknownSync(Schema.Array(Schema.String))(given())

await report(
  Effect.gen(function* () {
    const { model, tokenizer } = yield* openFolder
    const generate = yield* makeGenerator(model, {
      maxTokens: job.maxTokens ?? 64,
      repetitionPenalty: 1,
      sampling: null,
      seed: 0,
      stopStrings: [],
      decode: (ids) => tokenizer.decode(ids),
      batchPrompts: job.batch
    })
    yield* generate([Int32Array.of(1)])
    const { result, seconds } = yield* timed(
      Effect.flatMap(tokenizer.encodeBatch(prompts, { special: true }), (encoded) =>
        Effect.map(generate(encoded), (answers) => ({ encoded, answers }))
      )
    )
    return {
      seconds,
      answers: result.answers.map(({ ids }) => Array.from(ids)),
      tokens: result.encoded.map(({ length }) => length)
    }
  })
)
