/** Which figure goes where in a report, which is best, what tuning changed and what was met. */
import { assert, describe, it } from "@effect/vitest"
import { near } from "../../src/pipeline/Experiment.ts"
import { assemble, type Subject } from "../../src/report/assemble.ts"
import { markdown } from "../../src/report/markdown.ts"
import { page } from "../../src/report/page.ts"
import { subject } from "./sample.ts"

const scored = (value: number, better: "lower" | "higher" = "higher", name = "accuracy") => ({
  scores: [{ name, value, standardError: null, better }]
})

const about = (results: Subject["results"], more: Partial<Subject> = {}): Subject => ({
  title: "t",
  notes: [],
  models: Object.keys(results),
  measurements: [...new Set(Object.values(results).flatMap((cells) => Object.keys(cells)))],
  results,
  trainings: [],
  tuned: [],
  expect: [],
  published: null,
  ...more
})

const best = (results: Subject["results"]) =>
  assemble(about(results)).rows.map(({ cells }) => cells.map((cell) => cell?.best))

describe("the table of scores", () => {
  it("marks the best of a column in the direction of its score, every one of a tie", () => {
    const tied = { a: { q: scored(0.4) }, b: { q: scored(0.5) }, c: { q: scored(0.5) } }
    assert.deepStrictEqual(best(tied), [[false], [true], [true]])
    assert.deepStrictEqual(best({ a: { q: scored(3, "lower") }, b: { q: scored(7, "lower") } }), [[true], [false]])
  })

  it("calls nothing best that has no rival", () => {
    const alone = { a: { q: scored(0.4), r: scored(1) }, b: { q: scored(0.5) } }
    assert.deepStrictEqual(best(alone), [
      [false, false],
      [true, undefined]
    ])
  })

  it("marks figures for which some texts were too long, beyond tuning only where tuned", () => {
    const measured = (beyondTuning: number | null, beyondModel: number) => ({
      ...scored(0.5),
      longest: 3000,
      beyondTuning,
      beyondModel
    })
    const results = {
      base: { q: measured(4, 0), r: measured(null, 1) },
      tuned: { q: measured(4, 0), r: measured(4, 1) }
    }
    const data = assemble(about(results, { tuned: [{ tuned: "tuned", base: "base" }] }))
    assert.deepStrictEqual(
      data.rows.map(({ cells }) => cells.map((cell) => cell?.beyond)),
      [
        [[], ["model"]],
        [["tuning"], ["tuning", "model"]]
      ]
    )
    assert.match(page(data), /<strong>0\.500<\/strong><sup>\*†<\/sup>/)
    assert.include(markdown(data), "**0.500**\\*† |")
    assert.include(markdown(data), "\n\n† some texts are longer than the model takes")
    const [plainRow] = assemble(about({ base: { q: scored(0.5) } })).rows
    assert.deepStrictEqual(plainRow?.cells[0]?.beyond, [])
  })

  it("keeps scores of different names apart under one measurement", () => {
    const { columns, rows } = assemble(about({ a: { q: scored(0.4) }, b: { q: scored(7, "lower", "perplexity") } }))
    assert.deepStrictEqual(
      columns.map(({ score }) => score),
      ["accuracy", "perplexity"]
    )
    assert.deepStrictEqual(
      rows.map(({ cells }) => cells.map((cell) => cell?.value ?? null)),
      [
        [0.4, null],
        [null, 7]
      ]
    )
  })

  it("follows the given order, not that of the records", () => {
    const results = { "2": { q: scored(1) }, "10": { q: scored(2) } }
    const { rows } = assemble(about(results, { models: ["10", "2"] }))
    assert.deepStrictEqual(
      rows.map(({ model }) => model),
      ["10", "2"]
    )
  })
})

describe("what tuning changed", () => {
  it("is the tuned score less the base's, judged by the score's direction", () => {
    const results = {
      base: { p: scored(100, "lower"), a: scored(0.5) },
      tuned: { p: scored(30, "lower"), a: scored(0.25) }
    }
    const { differences } = assemble(about(results, { tuned: [{ tuned: "tuned", base: "base" }] }))
    assert.deepStrictEqual(differences[0]?.cells, [
      { difference: -70, baseValue: 100, improved: true },
      { difference: -0.25, baseValue: 0.5, improved: false }
    ])
  })
})

describe("expectations", () => {
  it("are judged on the first score, and missed where there is none", () => {
    const expectation = near(0.5, { absolute: 0.1 })
    const expect = ["q", "unasked"].map((measurement) => ({ model: "a", measurement, expectation }))
    const { verdicts } = assemble(about({ a: { q: scored(0.55) } }, { expect }))
    assert.deepStrictEqual(
      verdicts.map(({ found, met }) => [found, met]),
      [
        [0.55, true],
        [null, false]
      ]
    )
  })
})

describe("answers and details", () => {
  it("puts answers to one question side by side, with a gap for a model that was not asked", () => {
    const answer = (question: string) => ({ question, answer: `${question}!`, ended: "end of text" })
    const { answerSheets, details } = assemble(
      about({
        a: { talk: { answers: [answer("x"), answer("y")] } },
        b: { talk: { answers: [answer("y")] } }
      })
    )
    assert.deepStrictEqual(
      answerSheets[0]?.questions.map(({ answers }) => answers.map((given) => given?.answer ?? null)),
      [
        ["x!", null],
        ["y!", "y!"]
      ]
    )
    assert.deepStrictEqual(details, [])
  })

  it("lists what is neither score nor answer, and the rest of what is", () => {
    const { details, rows } = assemble(about({ a: { sizes: [1, 2], q: { ...scored(1), rows: 7n } } }))
    assert.deepStrictEqual(
      details.map(({ content }) => content),
      [[1, 2], { rows: "7" }]
    )
    assert.strictEqual(rows.length, 1)
  })

  it("lists the further scores of a measurement", () => {
    assert.deepStrictEqual(
      assemble(subject).furtherScores.map(({ score }) => score.name),
      ["loss", "loss", "loss"]
    )
  })
})
