/** Summaries and samples in lm-eval's form say what is known, and no two of them have one path. */
import { assert, describe, it } from "@effect/vitest"
import { type DoneChoices, harnessSample, harnessSummary, samplesPath, summaryPath } from "../../src/report/harness.ts"

const done = (measurement: string, limit: number | null): DoneChoices => ({
  measurement,
  asked: { task: "t", description: "", separator: "\n\n", choices: ["a", "b"], shots: 2, limit },
  scores: [
    { name: "accuracy", value: 0.5, standardError: 0.1, better: "higher" },
    { name: "macro F1", value: 0.25, standardError: null, better: "higher" },
    { name: "a score of another tool", value: 7, standardError: null, better: "lower" }
  ],
  questions: 4
})

describe("a summary", () => {
  it("has lm-eval's names for scores, and leaves out what has none", () => {
    const { results } = JSON.parse(harnessSummary("m", [done("q", null)]))
    assert.deepStrictEqual(results.q, {
      name: "q",
      alias: "q",
      sample_len: 4,
      "acc,none": 0.5,
      "acc_stderr,none": 0.1,
      "macro_f1,none": 0.25,
      "macro_f1_stderr,none": "N/A"
    })
  })

  it("claims neither a limit that not all tasks have nor documents that were not counted", () => {
    const mixed = JSON.parse(harnessSummary("m", [done("q", 4), done("r", null)]))
    assert.strictEqual(mixed.config.limit, null)
    assert.deepStrictEqual(mixed["n-samples"].q, { original: null, effective: 4 })
    assert.deepStrictEqual(mixed["n-samples"].r, { original: 4, effective: 4 })
    assert.strictEqual(JSON.parse(harnessSummary("m", [done("q", 4), done("r", 4)])).config.limit, 4)
  })
})

describe("a sample", () => {
  it("says which predictions were right, by sum and by character", () => {
    const question = { document: 3, context: "c", choices: ["a", "b"], gold: 1 }
    const line = harnessSample(question, { predicted: 1, predictedByCharacter: 0, logProbabilities: [-2, -1.5] })
    assert.match(line, /^[^\n]+\n$/)
    assert.deepInclude(JSON.parse(line), { doc_id: 3, target: "1", acc: 1, acc_norm: 0, resps: [[["-2"]], [["-1.5"]]] })
  })
})

describe("paths", () => {
  it("are of one folder a model, and differ where names differ", () => {
    const names = ["a/b", "a:b", "a%2fb", "..", "日本 1-shot"]
    assert.strictEqual(new Set(names.map(summaryPath)).size, names.length)
    assert.strictEqual(new Set(names.map((name) => samplesPath("m", name))).size, names.length)
    for (const name of names) assert.match(summaryPath(name), /^lm-eval\/(?!\.\.\/)[^/:]+\/results_tanren\.json$/)
  })
})
