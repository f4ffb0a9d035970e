/** Scores are those of transformers, one continuation at a time, however requests are batched and contexts shared. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { openModel } from "../../src/model/Model.ts"
import { makeScorer, type ScoreRequest } from "../../src/model/score.ts"
import { agree } from "../agreement/agreement.ts"
import { distance, type Golden, goldenModel, reference, Runtime } from "./support.ts"

const request = (
  context: ReadonlyArray<number>,
  ...continuations: ReadonlyArray<ReadonlyArray<number>>
): ScoreRequest => ({
  context: Int32Array.from(context),
  continuations: continuations.map((continuation) => Int32Array.from(continuation))
})

const scoresOf = Effect.fn("scoresOf")(function* (
  name: Golden,
  requests: ReadonlyArray<ScoreRequest>,
  batchTokens: number
) {
  const score = yield* makeScorer(yield* openModel(goldenModel(name)), { batchTokens })
  return yield* score(requests)
})

layer(Runtime)("scores", (it) => {
  for (const name of ["parallel", "sequential", "llama"] as const) {
    it.effect(`of choices are those of each continuation alone, contexts cut as the harness does: ${name}`, () =>
      Effect.gen(function* () {
        const { choices } = reference(name)
        const scores = yield* scoresOf(
          name,
          choices.map(({ context, continuations }) => request(context, ...continuations)),
          100
        )
        agree(
          { tool: "transformers", what: "log-probabilities of continuations", within: 1e-4 },
          scores.flat().map((score) => score.logProbability),
          choices.flatMap((choice) => choice.scores)
        )
      })
    )

    it.effect(`give the perplexity losses of transformers: ${name}`, () =>
      Effect.gen(function* () {
        const { perplexity, rows } = reference(name)
        const requests = perplexity.map(({ prompt }, index) => {
          const row = rows[index] ?? []
          return request(row.slice(0, prompt), row.slice(prompt))
        })
        const scores = (yield* scoresOf(name, requests, 64)).flat()
        const losses = scores.map(({ logProbability, tokens }) => -logProbability / tokens)
        agree(
          { tool: "transformers", what: "mean cross entropy of responses", within: 1e-4 },
          losses,
          perplexity.map(({ loss }) => loss)
        )
      })
    )
  }

  it.effect.each(["parallel", "llama"] as const)("depend neither on the batch nor on other continuations: %s", (name) =>
    Effect.gen(function* () {
      const { choices } = reference(name)
      const shared = choices.map(({ context, continuations }) => request(context, ...continuations))
      const apart = choices.flatMap(({ context, continuations }) =>
        continuations.map((continuation) => request(context, continuation))
      )
      const flat = (scores: ReadonlyArray<ReadonlyArray<{ readonly logProbability: number }>>) =>
        scores.flat().map((score) => score.logProbability)
      const large = flat(yield* scoresOf(name, shared, 10_000))
      for (const batchTokens of [1, 60, 200]) {
        assert.isBelow(distance(flat(yield* scoresOf(name, shared, batchTokens)), large), 1e-5)
        assert.isBelow(distance(flat(yield* scoresOf(name, apart, batchTokens)), large), 1e-5)
      }
    })
  )

  it.effect.each(["parallel", "llama"] as const)("do not depend on what requests begin with in common: %s", (name) =>
    Effect.gen(function* () {
      const numbers = (first: number, length: number) => Array.from({ length }, (_, at) => (first + 7 * at) % 50)
      const requests = Array.from({ length: 24 }, (_, index) =>
        request([...numbers(3, 15), ...numbers(index, index % 4)], numbers(index, 3), numbers(index + 1, 2))
      )
      const score = yield* makeScorer(yield* openModel(goldenModel(name)), { batchTokens: 200 })
      const together = yield* score(requests)
      // Alone, a request has nothing in common with others; asked after them, it must not see what they had.
      const apart = yield* Effect.forEach(requests, (one) => score([one]))
      const flat = (scores: typeof together) => scores.flat().map(({ logProbability }) => logProbability)
      assert.isBelow(distance(flat(together), flat(apart.flat())), 1e-5)
    })
  )

  it.effect("leave out a first token that nothing predicts, and count no token of an empty continuation", () =>
    Effect.gen(function* () {
      const requests = [request([], [5, 6, 7]), request([5], [6, 7], [])]
      const [[whole] = [], [rest, none] = []] = yield* scoresOf("parallel", requests, 64)
      assert.strictEqual(whole?.tokens, 2)
      assert.isBelow(Math.abs((whole?.logProbability ?? NaN) - (rest?.logProbability ?? NaN)), 1e-5)
      assert.deepStrictEqual(none, { logProbability: 0, tokens: 0 })
    })
  )

  it.effect("are refused for a token that the model does not know", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(scoresOf("parallel", [request([1], [64])], 64))
      assert.match(failure.message, /token 64 is not among its 64/)
    })
  )
})
