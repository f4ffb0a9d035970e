/** The page of agreements keeps the worst of each comparison, and is told to be stale in both directions. */
import { assert, describe, it } from "@effect/vitest"
import { type Found, page, stale } from "./page.ts"

const logits: Found = {
  tool: "torch 2.0",
  what: "logits",
  values: 1_000,
  difference: 1.25e-6,
  tolerance: "1e-4",
  test: "test/a.test.ts"
}
const ids: Found = {
  tool: "tokenizers 0.1",
  what: "ids",
  values: 7,
  difference: 0,
  tolerance: "equal",
  test: "test/b.test.ts"
}

describe("the page of agreements", () => {
  it("has one row for each comparison, with the largest difference and all values", () => {
    const text = page([logits, ids, { ...logits, values: 500, difference: 3e-6 }])
    const rows = text.split("\n").filter((line) => line.startsWith("| t"))
    assert.deepStrictEqual(rows, [
      "| tokenizers 0.1 | ids | none | equal | 7 | [test/b.test.ts](../test/b.test.ts) |",
      "| torch 2.0 | logits | 3.0e-6 | 1e-4 | 1,500 | [test/a.test.ts](../test/a.test.ts) |"
    ])
  })

  it("is stale where a comparison is missing, or is no longer made by a test that ran to its end", () => {
    const both = page([logits, ids])
    const complete = new Set([logits.test, ids.test])
    const none = { missing: [], obsolete: [] }
    assert.deepStrictEqual(stale(both, [logits, ids], complete), none)
    assert.deepStrictEqual(stale(both, [{ ...logits, difference: 9e-5 }, ids], complete), none)
    assert.deepStrictEqual(stale(both, [logits], new Set([logits.test])), none)
    assert.strictEqual(stale(both, [logits], complete).obsolete.length, 1)
    assert.strictEqual(stale(page([logits]), [logits, ids], new Set()).missing.length, 1)
    const looser = { ...logits, tolerance: "1e-2" }
    const changed = stale(both, [looser, ids], complete)
    assert.deepStrictEqual([changed.missing.length, changed.obsolete.length], [1, 1])
  })
})
