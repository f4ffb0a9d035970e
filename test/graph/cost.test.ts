/** What a graph takes, against sums done by hand. */
import { assert, describe, test } from "vitest"
import { add, cast, exp, input, matmul, mul, reshape, weight } from "../../src/graph/build.ts"
import { costOf } from "../../src/graph/cost.ts"
import type { Tensor } from "../../src/graph/Operator.ts"

const stored = (element: "float32" | "float16") =>
  weight("w", element, [8, 4], { file: "w", offset: 0, length: 32 * (element === "float16" ? 2 : 4) })

describe("arithmetic", () => {
  test("a product of [tokens, 8] and [8, 4] takes 2 · tokens · 8 · 4", () => {
    const x = input("x", "float32", ["tokens", 8])
    assert.strictEqual(costOf([matmul(x, stored("float32"))], { tokens: 10 }).flop, 2 * 10 * 8 * 4)
  })

  test("a named size may be a sum of others", () => {
    const x = input("x", "float32", ["past+1", 8])
    assert.strictEqual(costOf([matmul(x, stored("float32"))], { past: 9 }).flop, 2 * 10 * 8 * 4)
  })

  test("a size that nobody gave is a broken invariant", () => {
    const x = input("x", "float32", ["tokens", 8])
    assert.throws(() => costOf([matmul(x, stored("float32"))], {}), 'internal: no size of the dimension "tokens"')
  })
})

describe("memory", () => {
  const x = input("x", "float32", [10, 8])
  const named = input("x", "float32", ["tokens", 8])
  const bytes = 4 * 10 * 8

  const chain = (x: Tensor, length: number) => Array.from({ length }).reduce<Tensor>((y) => mul(exp(y), x), x)

  test("a tensor goes when it was read for the last time, and its memory is used again", () => {
    assert.strictEqual(costOf([chain(x, 3)], {}).activations, 2 * bytes)
    assert.strictEqual(costOf([chain(x, 9)], {}).activations, 2 * bytes)
  })

  test("a tensor of a named size is computed beside what it is made of", () => {
    assert.strictEqual(costOf([chain(named, 3)], { tokens: 10 }).activations, 3 * bytes)
    assert.strictEqual(costOf([chain(named, 9)], { tokens: 10 }).activations, 3 * bytes)
  })

  test("what is read later is kept until then", () => {
    const first = exp(x)
    const last = mul(exp(exp(mul(first, x))), x)
    assert.strictEqual(costOf([last], {}).activations, 2 * bytes)
    assert.strictEqual(costOf([add(last, first)], {}).activations, 3 * bytes)
  })

  test("another shape of a tensor is the same memory", () => {
    const y = exp(named)
    const reshaped = [y, reshape(y, [8, "tokens"]), reshape(y, ["tokens", 2, 4])]
    assert.strictEqual(costOf(reshaped, { tokens: 10 }).activations, 2 * bytes)
  })

  test("weights are counted as they lie in their files, and as what they are converted to", () => {
    const converted = costOf([matmul(x, cast(stored("float16"), "float32"))], { tokens: 10 })
    assert.deepInclude(converted, { weights: 64, converted: 128, replaced: 64 })
    const plain = costOf([matmul(x, stored("float32"))], { tokens: 10 })
    assert.deepInclude(plain, { weights: 128, converted: 0, replaced: 0 })
  })
})
