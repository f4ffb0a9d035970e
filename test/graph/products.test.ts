/** A graph tells its products, and whether the number of threads may decide bits of anything else in it. */
import { assert, describe, it } from "vitest"
import * as g from "../../src/graph/build.ts"
import type { Tensor } from "../../src/graph/Operator.ts"
import { serialize } from "../../src/graph/serialize.ts"
import { load } from "./evaluate.ts"

const productsOf = (...tensors: ReadonlyArray<Tensor>) =>
  serialize({ name: "test", outputs: Object.fromEntries(tensors.map((tensor, at) => [`y${at}`, tensor])) }).products

describe("the products of a graph", () => {
  const x = g.input("x", "float32", ["tokens", 8])
  const w = g.input("w", "float32", [5, 8])

  it("are told with the sizes that are known, each once", () => {
    const expected = [{ count: 1, rows: undefined, inner: 8, columns: 5 }]
    assert.deepStrictEqual(productsOf(g.linear(x, w), g.linear(g.neg(x), w)), expected)
    assert.deepStrictEqual(productsOf(g.gemm(w, w, { transA: true })), [{ count: 1, rows: 8, inner: 5, columns: 8 }])
  })

  it("are as many as the batch has at least, but one where all share a matrix", () => {
    const heads = g.input("heads", "float32", ["sequences", 12, 3, 4])
    const other = g.input("other", "float32", ["sequences", 12, 4, 2])
    assert.deepStrictEqual(productsOf(g.matmul(heads, other)), [{ count: 12, rows: 3, inner: 4, columns: 2 }])
    const shared = g.input("shared", "float32", [4, 2])
    assert.deepStrictEqual(productsOf(g.matmul(heads, shared)), [{ count: 1, rows: undefined, inner: 4, columns: 2 }])
  })

  it("are not told where something else may hang on the number of threads", () => {
    assert.deepStrictEqual(productsOf(g.exp(x)), [])
    assert.deepStrictEqual(productsOf(g.mean(x, 1)), [])
    const deep = g.input("deep", "float32", [2, 3, 4])
    for (const y of [g.log(x), g.sum(deep, 1), g.mean(deep, [0, 2])]) {
      assert.strictEqual(productsOf(y, g.linear(x, w)), undefined)
    }
  })
})

describe("operators that are no products", { timeout: 60_000 }, () => {
  const x = g.input("x", "float32", ["rows", "columns"])
  const scale = g.input("scale", "float32", ["columns"])
  const deep = g.input("deep", "float32", ["a", "b", "c", "d"])
  const positive = g.add(g.abs(x), 0.1)
  const outputs: Readonly<Record<string, Tensor>> = {
    exp: g.exp(x),
    tanh: g.tanh(x),
    erf: g.erf(x),
    sigmoid: g.sigmoid(x),
    gelu: g.gelu(x),
    "gelu tanh": g.gelu(x, "tanh"),
    sqrt: g.sqrt(positive),
    reciprocal: g.reciprocal(positive),
    pow: g.pow(positive, 1.7),
    cos: g.cos(x),
    sin: g.sin(x),
    softmax: g.softmax(x),
    logSoftmax: g.logSoftmax(x),
    layerNorm: g.layerNorm(x, scale, scale, 1e-5),
    rmsNorm: g.rmsNorm(x, scale, 1e-5),
    "sum of rows": g.sum(x, 1),
    "sum of columns": g.sum(x, 0),
    "sum of all": g.sum(x),
    "sums of the first axes": g.sum(deep, [0, 1]),
    "sums of the last axes": g.sum(deep, [2, 3]),
    "mean of rows": g.mean(x, 1),
    "mean of columns": g.mean(x, 0),
    "mean of all": g.mean(x),
    max: g.max(x, 1),
    logSum: g.logSum(g.exp(x), 1),
    div: g.div(x, positive)
  }
  const wave = (...shape: ReadonlyArray<number>) => ({
    shape,
    data: Array.from({ length: shape.reduce((all, size) => all * size, 1) }, (_, at) => 3 * Math.sin(0.7 * at + 1))
  })
  const sizes: ReadonlyArray<readonly [rows: number, columns: number]> = [
    [37, 1013],
    [1, 100_003],
    [513, 3],
    [170, 5031]
  ]

  it("have the same bits on any number of threads", async () => {
    assert.deepStrictEqual(productsOf(...Object.values(outputs)), [])
    const one = await load(outputs, { intraOpNumThreads: 1 })
    for (const intraOpNumThreads of [2, 3, 8]) {
      const several = await load(outputs, { intraOpNumThreads })
      for (const [rows, columns] of sizes) {
        const feeds = { x: wave(rows, columns), scale: wave(columns), deep: wave(2, 3, rows % 61, columns % 113) }
        const [expected, found] = [await one(feeds), await several(feeds)]
        for (const name of Object.keys(outputs)) {
          assert.isTrue(
            found[name]?.data.every((value, at) => Object.is(value, expected[name]?.data[at])),
            `${name} of ${rows} x ${columns} on ${intraOpNumThreads} threads`
          )
        }
      }
    }
  })
})
