/** float16 means float16 on every provider: results are rounded, and overflow, operator by operator. */
import { assert, describe, it } from "@effect/vitest"
import * as g from "../../src/graph/build.ts"
import type { Tensor } from "../../src/graph/Operator.ts"
import { load } from "./evaluate.ts"

describe("float16", () => {
  const rows = "rows"
  const x = g.input("x", "float32", [rows, 2])
  const half = (tensor: Tensor) => g.cast(tensor, "float16")
  const results: Readonly<Record<string, Tensor>> = {
    rounded: half(x),
    square: g.mul(half(x), half(x)),
    // 300 * 300 is more than float16 holds, though a hundredth of it is not.
    chain: g.mul(g.mul(half(x), half(x)), 0.01),
    sum: g.sub(g.add(half(x), half(x)), half(x)),
    product: g.mul(g.linear(half(x), half(g.constant("float32", [1, 2], Float32Array.of(300, 1)))), 0.01),
    passed: g.reshape(g.transpose(g.mul(half(x), half(x)), [1, 0]), [rows, 2])
  }

  it.each(["basic", "disabled"] as const)("is rounded and overflows: optimisation %s", async (level) => {
    const outputs = Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, g.cast(tensor, "float32")])
    )
    const run = await load(outputs, { graphOptimizationLevel: level })
    const found = await run({ x: { shape: [2, 2], data: [300, 1.0004, 40_000, 3] } })
    const half = (value: number) => Math.f16round(value)
    const [one, hundredth] = [half(1.0004), half(0.01)]
    const data = (name: string) => found[name]?.data
    assert.deepStrictEqual(data("rounded"), [300, one, 40_000, 3])
    assert.deepStrictEqual(data("square"), [Infinity, half(one * one), Infinity, 9])
    assert.deepStrictEqual(data("chain"), [Infinity, half(half(one * one) * hundredth), Infinity, half(9 * hundredth)])
    assert.deepStrictEqual(data("sum"), [300, one, Infinity, 3])
    assert.deepStrictEqual(data("product"), [Infinity, Infinity])
    assert.deepStrictEqual(data("passed"), [Infinity, Infinity, half(one * one), 9])
  })
})
