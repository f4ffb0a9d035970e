/** Perplexity and written answers, as stages, are those of transformers. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { prompt } from "../../src/text/Prompt.ts"
import { choiceTask } from "../../stages/choiceTask.ts"
import { evalPerplexity } from "../../stages/evalPerplexity.ts"
import { evalWrittenChoices, WrittenChoice, writtenScores } from "../../stages/evalWrittenChoices.ts"
import { generate } from "../../stages/generate.ts"
import { QuestionRow } from "../../stages/rows.ts"
import { agree, equal } from "../agreement/agreement.ts"
import { Runtime } from "../model/support.ts"
import { besides, givenTable, rowsIn, rowsOf, tinyModel, tinyWorld, valueIn, worldOf } from "./evaluate.ts"
import byteLevel from "./golden/byteLevel/reference.json" with { type: "json" }
import sentencePiece from "./golden/sentencePiece/reference.json" with { type: "json" }

const reference = { byteLevel, sentencePiece }
const template = prompt({ prompt: "{question}", response: "{answer}" })

layer(Runtime)("measurements", (it) => {
  for (const name of ["byteLevel", "sentencePiece"] as const) {
    const { rows, written } = reference[name]
    const world = worldOf(
      tinyWorld(name),
      rowsIn(
        "questions",
        rows.map(({ answer, prompt }) => ({ question: prompt, answer })),
        QuestionRow
      )
    )

    it.effect(`evalPerplexity averages transformers' losses by row and by token: ${name}`, () =>
      Effect.gen(function* () {
        const mean = rows.reduce((sum, { loss }) => sum + loss, 0) / rows.length
        const tokens = rows.reduce((sum, row) => sum + row.tokens, 0)
        const byToken = rows.reduce((sum, row) => sum + row.loss * row.tokens, 0) / tokens
        const longest = Math.max(...rows.map((row) => row.tokens + row.prompt.length))
        // One row at a time, 3, 8, 64.
        for (const batchTokens of [1, 3 * longest, 8 * longest, 64 * longest]) {
          for (const average of ["example", "token"] as const) {
            const measure = evalPerplexity({ template, average, batchTokens })(givenTable("questions", QuestionRow))
            const result = yield* valueIn(measure(tinyModel(name)), world)
            const values = new Map(result.scores.map((score) => [score.name, score.value]))
            const perplexity = {
              tool: "transformers",
              what: "perplexity",
              within: 1e-5,
              measure: "of the value"
            } as const
            agree(perplexity, [values.get("perplexity") ?? NaN], [Math.exp(mean)])
            const perToken = { ...perplexity, what: "perplexity by token" }
            agree(perToken, [values.get("perplexity by token") ?? NaN], [Math.exp(byToken)])
            assert.strictEqual(result.scores[0].name, average === "example" ? "perplexity" : "perplexity by token")
            assert.deepInclude(result, { rows: rows.length, tokens, beyondModel: 0 })
          }
        }
      })
    )

    it.effect(`generate writes what transformers writes: ${name}`, () =>
      Effect.gen(function* () {
        const [first, ...others] = written.map(({ prompt }) => prompt)
        for (const batchPrompts of [1, 8]) {
          const questions = [first ?? "", ...others] as const
          const write = generate({ template, column: "question", questions, maxTokens: 12, batchPrompts })
          const { answers } = yield* valueIn(write(tinyModel(name)), world)
          equal(
            { tool: "transformers", what: "texts written greedily" },
            answers.map(({ answer }) => answer),
            written.map(({ answer }) => answer)
          )
          assert.deepStrictEqual(
            answers.map(({ question }) => question),
            written.map(({ prompt }) => prompt)
          )
        }
      })
    )
  }

  it.effect("evalPerplexity refuses rows beyond the model, or leaves out the beginnings of their prompts", () =>
    Effect.gen(function* () {
      const measured = (questions: ReadonlyArray<QuestionRow>, config: Partial<Parameters<typeof evalPerplexity>[0]>) =>
        valueIn(
          evalPerplexity({ template, ...config })(givenTable("long", QuestionRow))(tinyModel("byteLevel")),
          worldOf(tinyWorld("byteLevel"), rowsIn("long", questions, QuestionRow))
        )
      const short = { question: "What?\n", answer: "The quick brown fox." }
      // The tiny model has 96 positions.
      const long = { question: "again and again, ".repeat(60), answer: "town" }
      const refused = yield* Effect.flip(measured([short, long], {}))
      assert.match(refused.message, /text of row 1 has \d{3,} tokens.*"evalPerplexity" has only 96.*tooLong: "cut"/)
      const cut = yield* measured([short, long], { tooLong: "cut", tuningLength: 10 })
      assert.deepInclude(cut, { rows: 2, beyondModel: 1, beyondTuning: 2 })
      assert.isAbove(cut.longest, 97)
      const response = { question: "Again?", answer: long.question }
      const hopeless = yield* Effect.flip(measured([short, response], { tooLong: "cut" }))
      assert.match(hopeless.message, /response of row 1 has .* takes longer texts\.$/)
      const whole = yield* measured([short], {})
      assert.deepInclude(whole, { beyondModel: 0, beyondTuning: null })
    })
  )

  it.effect("evalWrittenChoices reads choices out of what transformers writes", () =>
    Effect.gen(function* () {
      const Row = Schema.Struct({ question: Schema.String, label: Schema.String })
      const { written } = byteLevel
      const rows = givenTable("written", Row)
      const world = worldOf(
        tinyWorld("byteLevel"),
        rowsIn(
          "written",
          written.map(({ prompt }) => ({ question: prompt, label: "town" })),
          Row
        )
      )
      const task = choiceTask({
        name: "written",
        document: "{question}",
        label: "label",
        choices: [
          { label: "town", text: "日本" },
          { label: "word", text: "説説" }
        ],
        documents: rows,
        examples: rows
      })
      const measured = evalWrittenChoices({ task, shots: 0, maxTokens: 12 })(tinyModel("byteLevel"))
      const answers = yield* rowsOf(besides(measured, "answers", WrittenChoice), world)
      assert.sameMembers(
        answers.map(({ answer }) => answer),
        written.map(({ answer }) => answer)
      )
      const expected = (answer: string) => {
        const places = ["日本", "説説"].map((choice) => answer.indexOf(choice))
        return places.findIndex((place) => place >= 0)
      }
      assert.deepStrictEqual(
        answers.map(({ predicted }) => predicted),
        answers.map(({ answer }) => expected(answer))
      )
      const unparseable = answers.filter(({ predicted }) => predicted === -1).length
      assert.isAbove(unparseable, 0)
      const result = yield* valueIn(measured, world)
      assert.deepInclude(result, { questions: written.length, unparseable, beyondModel: 0 })
      assert.deepStrictEqual(result.scores, writtenScores(answers))
      const short = yield* valueIn(evalWrittenChoices({ task, shots: 3, maxTokens: 90 })(tinyModel("byteLevel")), world)
      assert.strictEqual(short.beyondModel, written.length)
    })
  )

  it("written answers without a choice are wrong, and counted", () => {
    const right = { gold: 1, predicted: 1 }
    const values = (answers: Parameters<typeof writtenScores>[0]) =>
      writtenScores(answers).map(({ name, value }) => [name, value])
    assert.deepStrictEqual(values([right, { gold: 0, predicted: 1 }, { gold: 0, predicted: -1 }, right]), [
      ["accuracy as written", 0.5],
      ["unparseable", 0.25],
      ["accuracy of the parseable", 2 / 3]
    ])
    assert.deepStrictEqual(values([{ gold: 0, predicted: -1 }]), [
      ["accuracy as written", 0],
      ["unparseable", 1]
    ])
  })
})
