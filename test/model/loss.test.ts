/** The loss in parts of the vocabulary is the loss, and its gradient the gradient, however many parts there are. */
import { assert, describe, it } from "@effect/vitest"
import { gradients } from "../../src/graph/autodiff.ts"
import {
  constant,
  gather,
  gatherElements,
  input,
  linear,
  logSoftmax,
  mul,
  sum,
  unsqueeze
} from "../../src/graph/build.ts"
import type { Tensor } from "../../src/graph/Operator.ts"
import { type Label, labelLogProbabilities, lossFeeds, lossInParts, partsFor } from "../../src/model/loss.ts"
import type { Feeds } from "../../src/model/packing.ts"
import { load, wave } from "../graph/evaluate.ts"

const [tokens, hidden, vocabulary] = [6, 5, 23]
const labels: ReadonlyArray<Label> = [
  { token: 0, label: 22, weight: 0.5 },
  { token: 2, label: 0, weight: 0.25 },
  { token: 3, label: 11, weight: 0 },
  { token: 5, label: 7, weight: 2 }
]

const symbol = () => input("x", "float32", ["tokens", hidden])
// Logits far apart: each part has another largest one.
const output = constant(
  "float32",
  [vocabulary, hidden],
  Float32Array.from(wave([vocabulary, hidden], 1).data, (value, at) => value * (1 + (at % 40)))
)

const evaluate = async (outputs: Readonly<Record<string, Tensor>>, feeds: Feeds = {}) => {
  const run = await load(outputs)
  const fed = Object.entries(feeds).map(([name, { data, shape }]) => [name, { shape, data: Array.from(data, Number) }])
  const results = await run({ x: wave([tokens, hidden]), ...Object.fromEntries(fed) })
  return Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, data]))
}

const close = (found: ReadonlyArray<number> = [], expected: ReadonlyArray<number> = []) => {
  assert.strictEqual(found.length, expected.length)
  expected.forEach((value, at) => assert.closeTo(found[at] ?? NaN, value, 1e-5 * (1 + Math.abs(value))))
}

/** From the logits of all tokens at once. */
const directly = async () => {
  const x = symbol()
  const int32 = (of: (label: Label) => number) => constant("int32", [labels.length], Int32Array.from(labels, of))
  const logits = gather(
    linear(x, output),
    int32(({ token }) => token)
  )
  const ofLabel = gatherElements(
    logSoftmax(logits),
    unsqueeze(
      int32(({ label }) => label),
      1
    ),
    1
  )
  const weights = constant(
    "float32",
    [labels.length, 1],
    Float32Array.from(labels, ({ weight }) => -weight)
  )
  const loss = sum(mul(ofLabel, weights))
  const [gradient = loss] = gradients(loss, [x])
  return evaluate({ loss, gradient, "log-probabilities": ofLabel })
}

describe.each([1, 2, 5, vocabulary])("in %i parts", (parts) => {
  it("the loss and its gradient are those of all logits at once", async () => {
    const x = symbol()
    const { loss, total } = lossInParts(x, output, parts)
    const [gradient = loss] = gradients(loss, [x])
    const found = await evaluate({ loss, total, gradient }, lossFeeds(labels, tokens))
    const expected = await directly()
    close(found["loss"], expected["loss"])
    close(found["gradient"], expected["gradient"])
    const counted = (expected["log-probabilities"] ?? []).filter((_, at) => (labels[at]?.weight ?? 0) > 0)
    close(found["total"], [-counted.reduce((all, value) => all + value, 0)])
  })

  it("the log-probabilities are those of all logits at once", async () => {
    const { "label places": _, weights: __, ...feeds } = lossFeeds(labels, tokens)
    const found = await evaluate({ y: labelLogProbabilities(symbol(), output, parts) }, feeds)
    close(found["y"], (await directly())["log-probabilities"])
  })

  it("a batch without labels has no loss and no gradient", async () => {
    const x = symbol()
    const { loss, total } = lossInParts(x, output, parts)
    const [gradient = loss] = gradients(loss, [x])
    const found = await evaluate({ loss, total, gradient }, lossFeeds([], tokens))
    assert.deepStrictEqual([found["loss"], found["total"]], [[0], [0]])
    assert.ok(found["gradient"]?.every((value) => value === 0))
  })
})

describe("the number of parts", () => {
  it("bounds what is there at once, and is never more than there are tokens", () => {
    assert.strictEqual(partsFor(10, vocabulary), 1)
    for (const labels of [512, 4096]) {
      const parts = partsFor(labels, 50_304)
      assert.isAtMost(labels * Math.floor(50_304 / parts), 2 ** 21)
    }
    assert.strictEqual(partsFor(2 ** 30, vocabulary), vocabulary)
  })
})
