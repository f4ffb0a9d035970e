/** Loading rows out of files of several layouts, and what is said of those that do not fit. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { load } from "../../stages/load.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { memoryReader } from "../model/support.ts"
import { rowsOf, type World, worldOf } from "./evaluate.ts"

const Question = Schema.Struct({ question: Schema.String, answer: Schema.String })

const filesIn = (files: { readonly [path: string]: string | Uint8Array }): World =>
  worldOf({
    tables: {},
    models: {},
    files: {
      data: memoryReader(
        Object.fromEntries(
          Object.entries(files).map(([path, content]) => [
            path,
            typeof content === "string" ? new TextEncoder().encode(content) : content
          ])
        )
      )
    }
  })

/** The stages here compute nothing. */
const withoutRuntime = Effect.provideService(OnnxRuntime, undefined as never)

describe("rows inside the elements of a file", () => {
  const images = JSON.stringify([
    {
      id: 1,
      qas: [
        { qa_id: 10, question: "何色?", answer: "赤" },
        { qa_id: 11, question: "どこ?", answer: "空" }
      ]
    },
    { id: 2, qas: [] },
    { id: 3, qas: [{ qa_id: 12, question: "誰?", answer: "猫" }] }
  ])

  it.effect("are rows of the table, in their order", () =>
    Effect.gen(function* () {
      const table = load.files({ folder: "data", files: "*", rows: "qas", row: Question })
      assert.deepStrictEqual(yield* rowsOf(table, filesIn({ "questions.json": images })), [
        { question: "何色?", answer: "赤" },
        { question: "どこ?", answer: "空" },
        { question: "誰?", answer: "猫" }
      ])
    }).pipe(withoutRuntime)
  )

  it.effect("may lie deeper", () =>
    Effect.gen(function* () {
      const table = load.files({ folder: "data", files: "*", rows: "a.b", row: Question })
      const content = '{"a":{"b":[{"question":"q","answer":"a"}]}}\n'
      assert.deepStrictEqual(yield* rowsOf(table, filesIn({ "x.jsonl": content })), [{ question: "q", answer: "a" }])
    }).pipe(withoutRuntime)
  )

  it.effect("are refused by file, element, position and field", () =>
    Effect.gen(function* () {
      const table = load.files({ folder: "data", files: "*", rows: "qas", row: Question })
      const broken = images.replace('"空"', "5")
      const failure = yield* Effect.flip(rowsOf(table, filesIn({ "questions.json": broken })))
      assert.match(failure.message, /Row 0 of questions\.json .*qas\[1\]: the field "answer": .*found 5/)
      const none = yield* Effect.flip(rowsOf(table, filesIn({ "questions.json": '[{"id":1}]' })))
      assert.match(none.message, /Row 0 of questions\.json .*the field "qas" is no list of rows/)
    }).pipe(withoutRuntime)
  )
})

it.effect("elements of other collections' files are read one after another, further fields left behind", () =>
  Effect.gen(function* () {
    const Row = Schema.Struct({ instruction: Schema.String, input: Schema.String, output: Schema.String })
    const row = { index: "0", instruction: "i", input: "", output: "o" }
    const table = load.files({ folder: "data", files: "**", row: Row })
    const world = filesIn({
      "alpaca/data/000000.json": JSON.stringify([row, row]),
      "wikipedia/data/000000.json": JSON.stringify([row])
    })
    assert.deepStrictEqual(
      yield* rowsOf(table, world),
      [0, 1, 2].map(() => ({ instruction: "i", input: "", output: "o" }))
    )
  }).pipe(withoutRuntime)
)
