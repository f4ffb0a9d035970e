/** Metrics of choices are those of scikit-learn and numpy. */
import { assert, describe, it } from "@effect/vitest"
import { argmax, choiceScores } from "../../stages/choiceMetrics.ts"
import { agree } from "../agreement/agreement.ts"
import golden from "./golden/choiceMetrics.json" with { type: "json" }

describe("choiceScores", () => {
  it.each(golden)("are scikit-learn's: $gold.length questions of $classes choices", (expected) => {
    const answers = expected.gold.map((gold, index) => ({
      gold,
      predicted: expected.predicted[index] ?? -1,
      predictedByCharacter: expected.normalized[index] ?? -1
    }))
    const scores = choiceScores(answers, expected.classes)
    assert.deepStrictEqual(
      scores.map(({ name }) => name),
      ["accuracy", "accuracy by character", "balanced accuracy", "Matthews correlation", "macro F1"]
    )
    scores.forEach(({ name, standardError, value }, index) => {
      const [expectedValue = null, expectedError = null] = expected.scores[index] ?? []
      agree({ tool: "scikit-learn", what: name, within: 1e-12 }, [value], [expectedValue ?? NaN])
      if (expectedError === null) assert.isNull(standardError)
      else {
        const what = `standard error of ${name}`
        agree({ tool: "numpy", what, within: 1e-12 }, [standardError ?? NaN], [expectedError])
      }
    })
  })
})

describe("argmax", () => {
  it("takes the first of the largest", () => {
    assert.strictEqual(argmax([-3, -1, -2, -1]), 1)
    assert.strictEqual(argmax([-2, -2]), 0)
    assert.strictEqual(argmax([-2]), 0)
  })
})
