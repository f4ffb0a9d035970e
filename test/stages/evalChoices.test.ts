/** `evalChoices` gives the scores of lm-eval's HFLM, and the same answers whatever the batch. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ChoiceEncoding } from "../../stages/choiceEncoding.ts"
import { choiceTask } from "../../stages/choiceTask.ts"
import { ChoiceAnswer, evalChoices } from "../../stages/evalChoices.ts"
import { distance, Runtime } from "../model/support.ts"
import { besides, givenTable, rowsIn, rowsOf, type Tiny, tinyModel, tinyWorld, valueIn, worldOf } from "./evaluate.ts"
import byteLevel from "./golden/byteLevel/reference.json" with { type: "json" }
import sentencePiece from "./golden/sentencePiece/reference.json" with { type: "json" }

const Row = Schema.Struct({ context: Schema.String, label: Schema.String })
const reference = { byteLevel, sentencePiece }

/** A task that asks one context, and shows it as an example if told to. */
const measure = (
  context: string,
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
    Array.from({ length: 5 }, () => ({ context, label: second })),
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

layer(Runtime)("evalChoices", (it) => {
  for (const name of ["byteLevel", "sentencePiece"] as const) {
    it.effect(`scores texts tokenized jointly as HFLM does: ${name}`, () =>
      Effect.forEach(reference[name].joint, ({ choices, context, scores }) =>
        Effect.gen(function* () {
          const [answer] = yield* answersOf(name, context, choices, { encoding: "joint" })
          assert.isBelow(distance(answer?.logProbabilities ?? [], scores), 1e-4, JSON.stringify(context))
        })
      )
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
