/** Generation writes what transformers writes, token for token, in whatever company a prompt is. */
import { assert, describe, it as test, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type GenerateOptions, makeGenerator } from "../../src/model/generate.ts"
import { type Model, openModel } from "../../src/model/Model.ts"
import { argmax, penalizeRepetition, sample } from "../../src/model/sampling.ts"
import { equal } from "../agreement/agreement.ts"
import { type Golden, goldenModel, reference, Runtime } from "./support.ts"

/** The settings of test/reference/models.py; a token's text is its number in parentheses. */
const options: GenerateOptions = {
  maxTokens: 20,
  repetitionPenalty: 1.3,
  sampling: null,
  seed: 1,
  stopStrings: [],
  decode: (ids) => Effect.succeed(Array.from(ids, (id) => `(${id})`).join("")),
  batchPrompts: 8
}

/** The same model, in sizes that tell of a module which it never computes: 2^32 bytes of it. */
const asIfLarge = (model: Model): Model => ({
  ...model,
  backbone: {
    ...model.backbone,
    modules: [...model.backbone.modules, { path: "unused", inputs: 2 ** 15, outputs: 2 ** 15 }]
  }
})

const answersOf = Effect.fn("answersOf")(function* (
  name: Golden,
  prompts: ReadonlyArray<ReadonlyArray<number>>,
  changes: Partial<GenerateOptions>,
  as: (model: Model) => Model = (model) => model
) {
  const write = yield* makeGenerator(as(yield* openModel(goldenModel(name))), { ...options, ...changes })
  return yield* write(prompts.map((prompt) => Int32Array.from(prompt)))
})

layer(Runtime)("generation", (it) => {
  for (const name of ["parallel", "sequential", "llama"] as const) {
    it.effect(`is that of transformers, in one batch and one by one: ${name}`, () =>
      Effect.gen(function* () {
        const { generation } = reference(name)
        const prompts = generation.map(({ prompt }) => prompt)
        const expected = generation.map(({ answer }) => answer)
        for (const batchPrompts of [1, 3, 8]) {
          const answers = yield* answersOf(name, prompts, { batchPrompts })
          equal(
            { tool: "transformers", what: "tokens written greedily under a repetition penalty" },
            answers.map(({ ids }) => [...ids]),
            expected
          )
          assert.deepStrictEqual(
            answers.map(({ ended }) => ended),
            expected.map((ids) => (ids.at(-1) === 0 ? "end of text" : "token limit"))
          )
        }
      })
    )
  }

  it.effect(
    "takes likeliest tokens in the graph, many in one call or each in one of a large model, as they are taken from logits one by one",
    () =>
      Effect.gen(function* () {
        for (const name of ["parallel", "llama"] as const) {
          const prompts = reference(name).generation.map(({ prompt }) => prompt)
          const both = Effect.fnUntraced(function* (changes: Partial<GenerateOptions>) {
            const inGraph = yield* answersOf(name, prompts, { repetitionPenalty: 1, ...changes })
            const oneByOne = yield* answersOf(name, prompts, { repetitionPenalty: 1, ...changes }, asIfLarge)
            assert.deepStrictEqual(oneByOne, inGraph)
            const fromLogits = yield* answersOf(name, prompts, {
              repetitionPenalty: 1,
              sampling: { temperature: 1, topK: 1, topP: null },
              ...changes
            })
            assert.deepStrictEqual(inGraph, fromLogits)
            return inGraph
          })
          const answers = yield* both({ maxTokens: 40 })
          // What is written on beyond a stop string is no part of the answer, and of no other.
          const stopStrings = answers.map(({ ids }, prompt) => `(${ids[2 + prompt]})`)
          const stopped = yield* both({ maxTokens: 40, stopStrings })
          assert.isTrue(stopped.some(({ ended }) => ended === "stop string"))
        }
      })
  )

  it.effect("does not depend on what prompts begin with in common", () =>
    Effect.gen(function* () {
      const common = Array.from({ length: 30 }, (_, place) => (place * 7) % 50)
      const prompts = Array.from({ length: 11 }, (_, prompt) => [
        ...common,
        ...Array(1 + (prompt % 4)).fill(prompt + 1)
      ])
      for (const name of ["parallel", "llama"] as const) {
        const together = yield* answersOf(name, prompts, { batchPrompts: 11, maxTokens: 8 })
        assert.deepStrictEqual(yield* answersOf(name, prompts, { batchPrompts: 1, maxTokens: 8 }), together)
      }
    })
  )

  it.effect("ends before a stop string, and where the model's positions end", () =>
    Effect.gen(function* () {
      const { generation } = reference("parallel")
      const prompts = generation.map(({ prompt }) => prompt)
      const [first, second, third] = generation[0]?.answer ?? []
      const [stopped] = yield* answersOf("parallel", prompts, { stopStrings: [`(${third})`, "nowhere"] })
      assert.strictEqual(stopped?.ended, "stop string")
      assert.strictEqual(stopped?.text, `(${first})(${second})`)
      const [full] = yield* answersOf("parallel", [Array.from({ length: 45 }, (_, id) => id + 1)], {})
      assert.strictEqual(full?.ended, "token limit")
      assert.strictEqual(full?.ids.length, 4)
    })
  )

  it.effect("draws the same tokens from the same seed alone", () =>
    Effect.gen(function* () {
      const prompts = reference("parallel").generation.map(({ prompt }) => prompt)
      const draw = (seed: number, batchPrompts: number) =>
        Effect.map(
          answersOf("parallel", prompts, { seed, batchPrompts, sampling: { temperature: 1, topK: 20, topP: 0.9 } }),
          (answers) => answers.map(({ ids }) => [...ids])
        )
      const answers = yield* draw(1, 8)
      assert.deepStrictEqual(yield* draw(1, 2), answers)
      assert.notDeepEqual(yield* draw(2, 8), answers)
    })
  )
})

describe("the choice of a token", () => {
  test("divides positive logits of seen tokens by the penalty and multiplies negative ones", () => {
    const logits = Float32Array.of(2, -2, 3, 0)
    penalizeRepetition(logits, [0, 1, 1], 2)
    assert.deepStrictEqual([...logits], [1, -4, 3, 0])
    assert.strictEqual(argmax(logits), 2)
  })

  test("draws tokens as often as their probabilities say, within the nucleus", () => {
    const logits = Float32Array.from([0.5, 0.3, 0.15, 0.05], Math.log)
    const counts = (topK: number | null, topP: number | null) => {
      const drawn = [0, 0, 0, 0]
      for (let counter = 0; counter < 4000; counter++) {
        const token = sample(logits, { temperature: 1, topK, topP }, 7, counter)
        drawn[token] = (drawn[token] ?? 0) + 1 / 4000
      }
      return drawn
    }
    const near = (drawn: ReadonlyArray<number>, expected: ReadonlyArray<number>) =>
      drawn.forEach((share, token) => assert.closeTo(share, expected[token] ?? NaN, 0.03))
    near(counts(null, null), [0.5, 0.3, 0.15, 0.05])
    near(counts(2, null), [0.625, 0.375, 0, 0])
    near(counts(null, 0.81), [0.526, 0.316, 0.158, 0])
    near(counts(null, 0.1), [1, 0, 0, 0])
  })
})
