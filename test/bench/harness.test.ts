/** The benchmarks' own instruments: what they say of memory, goals and the table must be so. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { benchmark, type Comparison, isMet } from "../../bench/harness/Benchmark.ts"
import { measure } from "../../bench/harness/measure.ts"
import { median } from "../../bench/harness/statistics.ts"
import { row, withResults } from "../../bench/harness/table.ts"
import { makeTools } from "../../bench/harness/tools.ts"

const comparison: Comparison = {
  unit: "tokens/s",
  tanren: { value: 300, peak: 1e9 },
  peer: { value: 100, peak: 4e9 },
  method: "median of 3",
  proof: "equal losses"
}

const sample = benchmark({
  name: "sample",
  work: "nothing",
  peer: "nobody",
  quick: true,
  goals: { rows: { of: "ratio", bound: "at least", value: 2.5 } },
  run: () => Promise.resolve({ rows: comparison })
})

describe("goals", () => {
  it("a ratio is Tanren's figure over the peer's", () => {
    assert.isTrue(isMet({ of: "ratio", bound: "at least", value: 3 }, comparison))
    assert.isFalse(isMet({ of: "ratio", bound: "at most", value: 2.9 }, comparison))
  })
  it("a figure needs no peer, a ratio does", () => {
    const alone = { ...comparison, peer: null }
    assert.isTrue(isMet({ of: "figure", bound: "at least", value: 300 }, alone))
    assert.isUndefined(isMet({ of: "ratio", bound: "at least", value: 1 }, alone))
  })
  it("the median of an even number of values lies between the two in the middle", () => {
    assert.strictEqual(median([4, 1, 3, 2]), 2.5)
    assert.strictEqual(median([9, 1, 2]), 2)
  })
})

describe("table", () => {
  const page = "before\n<!-- results: begin -->\n<!-- results: end -->\nafter"
  it("renews the rows of what ran, keeps the others, and leaves the page around them", () => {
    const first = withResults(page, [row(sample, "rows", comparison, "2026-01-01")], "one machine")
    const other = row({ ...sample, name: "earlier" }, "rows", { ...comparison, peer: null }, "2026-01-02")
    const second = withResults(first, [other], "another machine")
    const faster = { ...comparison, tanren: { value: 512, peak: null } }
    const third = withResults(second, [row(sample, "rows", faster, "2026-01-03")], "another machine")
    assert.isTrue(third.startsWith("before\n") && third.endsWith("\nafter"))
    const rows = third.split("\n").filter((line) => line.includes("rows"))
    assert.strictEqual(rows.length, 2)
    assert.include(rows[0], "earlier")
    assert.include(rows[1], "512 tokens/s | 100 (nobody) | 5.12 × | ≥ 2.5 × | met | not measured, 4,000 MB")
    assert.notInclude(third, "one machine")
  })
  it("says what a goal was before it was raised", () => {
    const raised = { of: "ratio", bound: "at least", value: 2.5, raisedFrom: 2 } as const
    assert.include(
      row({ ...sample, goals: { rows: raised } }, "rows", comparison, "2026-01-01"),
      "≥ 2.5 × (raised from 2)"
    )
  })
})

describe("measuring", () => {
  it.skipIf(process.platform !== "linux")("counts the memory of descendants, but what they share once", async () => {
    const hold = "const kept = Buffer.alloc(100e6, 1); setTimeout(() => kept[0], 1000)"
    const parent = `require("child_process").spawn(process.execPath, ["-e", ${JSON.stringify(hold)}]); ${hold}`
    const { peak } = await measure({ program: process.execPath, arguments: ["-e", parent] })
    assert.isNotNull(peak)
    assert.isAbove(peak ?? 0, 200e6)
    assert.isBelow(peak ?? 0, 450e6)
  })
  it("runs the sides in turn and reads the last line of each", async () => {
    const said: Array<string> = []
    const tools = makeTools((text) => said.push(text))
    const side = (value: number) => ({
      program: process.execPath,
      arguments: ["-e", `console.log("noise"); console.log(JSON.stringify({ value: ${value} }))`]
    })
    const runs = await tools.alternately({ a: side(1), b: side(2) }, 2, Schema.Struct({ value: Schema.Number }))
    assert.deepStrictEqual(
      said.map((text) => text.slice(0, 9)),
      ["a, 1 of 2", "b, 1 of 2", "a, 2 of 2", "b, 2 of 2"]
    )
    assert.deepStrictEqual(
      runs.b.map(({ report }) => report.value),
      [2, 2]
    )
  })
  it("a process that fails is a failure with its last words", async () => {
    const failing = { program: process.execPath, arguments: ["-e", `console.error("no such model"); process.exit(3)`] }
    const failure = await measure(failing).then(
      () => "",
      (cause: unknown) => String(cause)
    )
    assert.include(failure, "no such model")
    assert.include(failure, "ended with 3")
  })
})
