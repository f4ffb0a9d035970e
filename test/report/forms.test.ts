/** The table of scores in the forms that papers and spreadsheets take, and beside published figures. */
import { assert, describe, it } from "@effect/vitest"
import { assemble } from "../../src/report/assemble.ts"
import { csv } from "../../src/report/csv.ts"
import { latex } from "../../src/report/latex.ts"
import { markdown } from "../../src/report/markdown.ts"
import { page } from "../../src/report/page.ts"
import { subject } from "./sample.ts"

const data = assemble(subject)

describe("published figures", () => {
  it("stand beside ours with the difference, where something was published", () => {
    const tuned = data.published?.rows.find(({ model }) => model === "Tuned, 10 epochs")
    assert.strictEqual(data.published?.rows.length, 1)
    assert.deepInclude(tuned?.cells[0], { published: 29.9, found: 29.903, standardError: 0.42 })
    assert.closeTo(tuned?.cells[1]?.difference ?? NaN, 0.459 - 0.475, 1e-12)
    assert.isNull(tuned?.cells[2] ?? null)
  })

  it("are on the page and in Markdown", () => {
    const section = page(data).split('id="published"')[1]?.split("</section>")[0] ?? ""
    assert.include(section, "published 0.475")
    assert.include(section, "−0.016")
    assert.include(section, "Published: Table 2.")
    assert.include(markdown(data), "0.459 ± 0.010<br>published 0.475<br>−0.016")
    assert.notInclude(page(assemble({ ...subject, published: null })), 'id="published"')
  })
})

describe("LaTeX", () => {
  it("sets the best in bold, marks as superscripts, published figures under ours, and every special character", () => {
    const result = { scores: [{ name: "accuracy", value: 0.5, standardError: null, better: "higher" }] }
    const long = { ...result, longest: 3000, beyondTuning: 1, beyondModel: 2 }
    const lines = latex(
      assemble({
        ...subject,
        models: ["A_1 & 50% {x} \\ ~^", "B"],
        measurements: ["q#1"],
        results: {
          "A_1 & 50% {x} \\ ~^": { "q#1": long },
          B: { "q#1": { scores: [{ name: "accuracy", value: 0.4, standardError: null, better: "higher" }] } }
        },
        tuned: [{ tuned: "A_1 & 50% {x} \\ ~^", base: "B" }],
        expect: [],
        trainings: [],
        published: { source: "Table 2", figures: [{ model: "B", measurement: "q#1", value: 0.42 }] }
      })
    ).split("\n")
    assert.include(lines, "Model & q\\#1 $\\uparrow$ \\\\")
    assert.include(
      lines,
      "A\\_1 \\& 50\\% \\{x\\} \\textbackslash{} \\textasciitilde{}\\textasciicircum{} & " +
        "\\textbf{0.500}\\textsuperscript{*$\\dagger$} \\\\"
    )
    assert.deepStrictEqual(lines.slice(lines.indexOf("B & 0.400 \\\\")).slice(0, 2), [
      "B & 0.400 \\\\",
      " & {\\footnotesize (0.420)} \\\\"
    ])
  })
})

/** A reader of RFC 4180, for what was written by it. */
const parse = (text: string): ReadonlyArray<ReadonlyArray<string>> => {
  const rows: Array<Array<string>> = [[]]
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted === undefined ? (bare ?? "") : quoted.replaceAll('""', '"'))
    if (end === "\r\n") rows.push([])
  }
  return rows.slice(0, -1)
}

describe("comma-separated values", () => {
  it("have one line for each score, with all digits, and quote what needs it", () => {
    const [heads = [], ...lines] = parse(csv(data))
    const scores = data.rows.flatMap(({ cells }) => cells.filter((cell) => cell !== null)).length
    assert.strictEqual(lines.length, scores + data.furtherScores.length)
    assert.isTrue(lines.every((line) => line.length === heads.length))
    const line =
      lines.find(([model, measurement]) => model === "Tuned, 10 epochs" && measurement === "JNLI 1-shot") ?? []
    const named = Object.fromEntries(heads.map((head, i) => [head, line[i]]))
    assert.deepInclude(named, { value: "0.459", "standard error": "0.0101", published: "0.475", better: "higher" })
  })
})
