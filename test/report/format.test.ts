/** Numbers as people read them. */
import { assert, describe, it } from "@effect/vitest"
import { atLeast, atMost, near } from "../../src/pipeline/Experiment.ts"
import { change, count, counted, exact, expectation, number, score, styleOf } from "../../src/report/format.ts"

describe("numbers", () => {
  it("gives quantities four significant digits, and whole numbers all of theirs", () => {
    const shown = [29.903, 246.6, 1499.4, 0.012345, 1_234_567, 2.5e9, 3e-7].map((value) => number(value, "quantity"))
    assert.deepStrictEqual(shown, ["29.90", "246.6", "1,499", "0.01235", "1,234,567", "2.500e+9", "3.000e-7"])
  })

  it("gives proportions three decimals", () => {
    assert.deepStrictEqual(
      [0.4594, 1, -0.05].map((value) => number(value, "proportion")),
      ["0.459", "1.000", "−0.050"]
    )
  })

  it("takes one style for a column: proportions only where every value is one", () => {
    const styles = [[0.4, 1], [0.9, 1.1], [0.002], [0]].map(styleOf)
    assert.deepStrictEqual(styles, ["proportion", "quantity", "quantity", "proportion"])
  })

  it("gives a standard error as many decimals as its value", () => {
    assert.strictEqual(score(29.9, 0.423, "quantity"), "29.90 ± 0.42")
    assert.strictEqual(score(0.4594, 0.0101, "proportion"), "0.459 ± 0.010")
    assert.strictEqual(score(1499, null, "quantity"), "1,499")
  })

  it("signs a change, and adds its share where the scale has no upper end", () => {
    assert.strictEqual(change(-216.7, 246.6, "quantity"), "−216.7 (−87.9 %)")
    assert.strictEqual(change(0.165, 0.294, "proportion"), "+0.165")
  })

  it("writes exact figures without the noise of binary fractions", () => {
    const shown = [0.1 + 0.2, 3e-4, 793_664, -1234.5, 1e-7].map(exact)
    assert.deepStrictEqual(shown, ["0.3", "0.0003", "793,664", "−1,234.5", "1e-7"])
  })

  it("counts", () => {
    assert.strictEqual(count(1_400_000), "1,400,000")
    assert.deepStrictEqual(
      [0, 1, 2].map((some) => counted(some, "model")),
      ["0 models", "1 model", "2 models"]
    )
  })
})

describe("expectations", () => {
  it("say what they allow", () => {
    const expected = [near(29.9, { relative: 0.05 }), near(0.475, { absolute: 0.02 }), atLeast(0.5), atMost(1499)]
    assert.deepStrictEqual(expected.map(expectation), ["29.9 ± 5 %", "0.475 ± 0.02", "≥ 0.5", "≤ 1,499"])
  })
})
