/** `evalChoices` gives the scores of lm-eval's HFLM, and the same answers whatever the batch. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { openModel } from "../../src/model/Model.ts"
import { makeScorer } from "../../src/model/score.ts"
import { type ChoiceEncoding, encodeChoices } from "../../stages/choiceEncoding.ts"
import type { ChoicePrompt } from "../../stages/choicePrompts.ts"
import { choiceTask } from "../../stages/choiceTask.ts"
import { ChoiceAnswer, evalChoices } from "../../stages/evalChoices.ts"
import { readTokenizer } from "../../stages/tokenizer.ts"
import { agree } from "../agreement/agreement.ts"
import { distance, Runtime } from "../model/support.ts"
import { besides, givenTable, rowsIn, rowsOf, type Tiny, tinyModel, tinyWorld, valueIn, worldOf } from "./evaluate.ts"
import byteLevelApart from "./golden/byteLevel/apart.json" with { type: "json" }
import byteLevel from "./golden/byteLevel/reference.json" with { type: "json" }
import sentencePieceApart from "./golden/sentencePiece/apart.json" with { type: "json" }
import sentencePiece from "./golden/sentencePiece/reference.json" with { type: "json" }

const Row = Schema.Struct({ context: Schema.String, label: Schema.String })
const reference = {
  byteLevel: { ...byteLevel, apart: byteLevelApart },
  sentencePiece: { ...sentencePiece, apart: sentencePieceApart }
}

/** A task that asks one context five times, or several, and shows one as an example if told to. */
const measure = (
  context: string | ReadonlyArray<string>,
  choices: ReadonlyArray<string>,
  config: {
    readonly encoding?: ChoiceEncoding
    readonly batchTokens?: number
    readonly shots?: number
    readonly tuningLength?: number
  } = {}
) => {
  const [first = "", second = "", ...others] = choices
  const choice = (text: string) => ({ label: text, text })
  const rows = givenTable("rows", Row)
  const task = choiceTask({
    name: "tiny",
    document: "{context}",
    label: "label",
    choices: [choice(first), choice(second), ...others.map(choice)],
    documents: rows,
    examples: rows
  })
  const world = rowsIn(
    "rows",
    (typeof context === "string" ? Array.from({ length: 5 }, () => context) : context).map((asked) => ({
      context: asked,
      label: second
    })),
    Row
  )
  return {
    world,
    of: (name: Tiny) => evalChoices({ task, shots: 0, ...config })(tinyModel(name))
  }
}

const answersOf = (name: Tiny, ...asked: Parameters<typeof measure>) => {
  const { of, world } = measure(...asked)
  return rowsOf(besides(of(name), "answers", ChoiceAnswer), worldOf(world, tinyWorld(name)))
}

const resultOf = (name: Tiny, ...asked: Parameters<typeof measure>) => {
  const { of, world } = measure(...asked)
  return valueIn(of(name), worldOf(world, tinyWorld(name)))
}

/** The scores of all choices, encoded and scored as the stage does it. */
const scoresOfPrompts = Effect.fn("scoresOfPrompts")(function* (
  name: Tiny,
  encoding: ChoiceEncoding,
  prompts: ReadonlyArray<ChoicePrompt>
) {
  const { files, models } = tinyWorld(name)
  const [tokenizerFiles, modelFiles] = [files[name], models[name]]
  if (tokenizerFiles === undefined || modelFiles === undefined) return assert.fail(`${name} is no tiny model`)
  const requests = yield* encodeChoices(encoding, yield* readTokenizer(tokenizerFiles), prompts)
  const score = yield* makeScorer(yield* openModel(modelFiles), { batchTokens: 2048 })
  return (yield* score(requests)).flat().map(({ logProbability }) => logProbability)
})

layer(Runtime)("evalChoices", (it) => {
  for (const name of ["byteLevel", "sentencePiece"] as const) {
    it.effect(`scores texts tokenized jointly as lm-eval 0.4 does, and apart as its forerunner does: ${name}`, () =>
      Effect.gen(function* () {
        const { apart, joint } = reference[name]
        const prompts = joint.map(({ choices, context }) => ({ document: 0, choices, context, gold: 0 }))
        const logs = { what: "log-probabilities of choices", within: 5e-5 }
        const jointly = yield* scoresOfPrompts(name, "joint", prompts)
        agree(
          { ...logs, tool: "lm_eval 0.4" },
          jointly,
          joint.flatMap(({ scores }) => scores)
        )
        agree({ ...logs, tool: "lm_eval 0.3" }, yield* scoresOfPrompts(name, "apart", prompts), apart)
      })
    )

    it.effect(`gives the same scores for any batch, and however many choices share a pass: ${name}`, () =>
      Effect.gen(function* () {
        const choices = ["ポジティブ", "ネガティブ", "x"]
        const contexts = Array.from({ length: 70 }, (_, row) => "again ".repeat(row % 5) + "### 返答:\n")
        const scoresOf = (texts: ReadonlyArray<string>, batchTokens: number) =>
          Effect.map(answersOf(name, contexts, texts, { batchTokens }), (answers) =>
            answers.map(({ logProbabilities }) => logProbabilities)
          )
        const together = yield* scoresOf(choices, 10_000)
        assert.strictEqual(together.length, 70)
        // About so many questions in a batch.
        for (const questions of [1, 3, 8, 64]) {
          assert.isBelow(distance((yield* scoresOf(choices, questions * 40)).flat(), together.flat()), 1e-5)
        }
        const pair = yield* scoresOf(choices.slice(1), 1)
        assert.isBelow(distance(pair.flat(), together.map((scores) => scores.slice(1)).flat()), 1e-5)
      })
    )
  }

  it.effect("scores context and choice tokenized apart by default: another score where tokens would merge", () =>
    Effect.gen(function* () {
      const choices = ["wn foxes jump again", "wns jump"]
      const [apart] = yield* answersOf("byteLevel", "The quick bro", choices)
      const [joint] = yield* answersOf("byteLevel", "The quick bro", choices, { encoding: "joint" })
      assert.isAbove(distance(apart?.logProbabilities ?? [], joint?.logProbabilities ?? []), 0.1)
      // Where a word begins with a space, this tokenizer never merges it with what is before.
      const [same] = yield* answersOf("byteLevel", "<|endoftext|>Below is", [" an instruction", " a task"])
      const golden = byteLevel.joint.find(({ context }) => context === "<|endoftext|>Below is")
      assert.isBelow(distance(same?.logProbabilities ?? [], golden?.scores ?? []), 1e-4)
    })
  )

  it.effect("answers the same whatever the batch, and reports what it asked", () =>
    Effect.gen(function* () {
      const asked = ["### 返答:\n", ["ポジティブ", "ネガティブ", "x"]] as const
      const small = yield* answersOf("sentencePiece", ...asked, { shots: 1, batchTokens: 1 })
      const large = yield* answersOf("sentencePiece", ...asked, { shots: 1, batchTokens: 10_000 })
      assert.strictEqual(small.length, 5)
      const scores = (answers: ReadonlyArray<ChoiceAnswer>) => answers.flatMap((answer) => answer.logProbabilities)
      assert.isBelow(distance(scores(small), scores(large)), 1e-4)
      const result = yield* resultOf("sentencePiece", ...asked, { shots: 1 })
      const right = large.filter(({ gold, predicted }) => gold === predicted).length
      const longest = Math.max(...large.map(({ tokens }) => tokens))
      assert.deepInclude(result, { questions: 5, beyondModel: 0, longest })
      assert.strictEqual(result.scores[0].value, right / 5)
      const long = yield* resultOf("sentencePiece", "again and again, ".repeat(60), ["a", "b"])
      assert.deepInclude(long, { beyondModel: 5, beyondTuning: null })
      const within = yield* resultOf("sentencePiece", ...asked, { shots: 1, tuningLength: longest })
      const beyond = yield* resultOf("sentencePiece", ...asked, { shots: 1, tuningLength: longest - 1 })
      assert.deepStrictEqual([within.beyondTuning, beyond.beyondTuning], [0, 5])
    })
  )

  it.effect("refuses a choice of which no token is left", () =>
    Effect.gen(function* () {
      const choices = ["wn", "wns jump"]
      const merged = yield* Effect.flip(answersOf("byteLevel", "The quick bro", choices, { encoding: "joint" }))
      assert.match(merged.message, /choice "wn" after a context that ends "The quick bro" has no token/)
      const empty = yield* Effect.flip(answersOf("byteLevel", "The quick", ["", "a"]))
      assert.match(empty.message, /choice "" .* in the encoding "apart"/)
    })
  )
})
