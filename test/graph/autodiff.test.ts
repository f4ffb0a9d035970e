/** Differentiation of whole graphs: what is reached, what is left out, what a composed network's gradients are. */
import { assert, describe, it } from "@effect/vitest"
import * as g from "../../src/graph/build.ts"
import { gradients } from "../../src/graph/autodiff.ts"
import { lower } from "../../src/graph/lowering.ts"
import type { Tensor } from "../../src/graph/Operator.ts"
import { load, wave } from "./evaluate.ts"
import type { Feeds } from "./evaluate.ts"

const of = (shape: ReadonlyArray<number>, phase: number) => {
  const { data } = wave(shape, phase)
  return g.constant("float32", shape, Float32Array.from(data))
}

const value = async (tensor: Tensor, feeds: Feeds): Promise<ReadonlyArray<number>> => {
  const { result } = await (await load({ result: tensor }))(feeds)
  if (result === undefined) throw new Error("no result")
  return result.data
}

/** One frozen layer with a low-rank adapter. */
const adapted = (x: Tensor, layer: number): { readonly y: Tensor; readonly adapter: ReadonlyArray<Tensor> } => {
  const a = g.input(`a${layer}`, "float32", [2, 4])
  const b = g.input(`b${layer}`, "float32", [4, 2])
  const base = g.linear(g.layerNorm(x, of([4], 1), of([4], 2), 1e-5), of([4, 4], 10 + layer), of([4], 3))
  return { y: g.add(x, g.gelu(g.gemm(g.linear(x, a), b, { transB: true, alpha: 2, plus: base }))), adapter: [a, b] }
}

describe("a network of adapted layers with attention", () => {
  const x = g.input("x", "float32", ["tokens", 4])
  const first = adapted(x, 0)
  const scores = g.softmax(
    g.where(
      g.greater(g.unsqueeze(g.range("tokens"), 0), g.unsqueeze(g.range("tokens"), 1)),
      -1e9,
      g.matmul(first.y, g.transpose(first.y, [1, 0]))
    )
  )
  const second = adapted(g.matmul(scores, first.y), 1)
  const labels = g.input("labels", "int32", ["tokens", 1])
  const loss = g.neg(g.mean(g.gatherElements(g.logSoftmax(second.y), labels, 1)))
  const adapters = [...first.adapter, ...second.adapter]

  it("has the gradients that differences give, at two lengths in one session", async () => {
    const names = ["a0", "b0", "a1", "b1"]
    const run = await load({
      loss,
      ...Object.fromEntries(gradients(loss, adapters).map((t, index) => [`d${names[index]}`, t]))
    })
    for (const tokens of [3, 5]) {
      const feeds: Feeds = {
        x: wave([tokens, 4]),
        labels: { shape: [tokens, 1], data: Array.from({ length: tokens }, (_, index) => index % 4) },
        ...Object.fromEntries(
          names.map((name, index) => [name, wave(name.startsWith("a") ? [2, 4] : [4, 2], index + 20)])
        )
      }
      const found = await run(feeds)
      for (const name of names) {
        const at = feeds[name]
        if (at === undefined) throw new Error("no feed")
        for (const index of at.data.keys()) {
          const lossAt = async (move: number) => {
            const moved = { ...at, data: at.data.with(index, (at.data[index] ?? NaN) + move) }
            return (await run({ ...feeds, [name]: moved })).loss?.data[0] ?? NaN
          }
          const slope = ((await lossAt(2 ** -7)) - (await lossAt(-(2 ** -7)))) * 2 ** 6
          assert.closeTo(
            found[`d${name}`]?.data[index] ?? NaN,
            slope,
            1e-3 * (1 + Math.abs(slope)),
            `${name}[${index}]`
          )
        }
      }
    }
  })

  it("computes nothing below the lowest adapted layer, and no gradient of frozen weights", () => {
    const types = (wrt: ReadonlyArray<Tensor>) => {
      const wanted = Object.fromEntries(gradients(loss, wrt).map((t, index) => [`g${index}`, t]))
      return lower("step", { loss, ...wanted }).nodes.map(({ type }) => type)
    }
    const count = (nodes: ReadonlyArray<string>, type: string) => nodes.filter((other) => other === type).length
    const forward = count(types([]), "Gemm")
    assert.strictEqual(forward, 6)
    // The upper layer alone: for b the gradient of B, for a the gradient of A and the way through B.
    assert.strictEqual(count(types(second.adapter), "Gemm"), forward + 3)
    assert.strictEqual(count(types(second.adapter.slice(1)), "Gemm"), forward + 1)
    // Both: besides, the way down through the upper layer's frozen weight and its A.
    assert.strictEqual(count(types(adapters), "Gemm"), forward + 3 + 2 + 3)
    assert.strictEqual(count(types(second.adapter), "MatMul"), 2)
  })
})

describe("accumulation", () => {
  const x = g.input("x", "float32", [2])
  const feeds = { x: { shape: [2], data: [3, 5] } }
  const gradient = async (loss: Tensor, wrt = x) => value(gradients(loss, [wrt])[0] ?? loss, feeds)

  it("adds up the ways by which a tensor is used", async () => {
    assert.deepStrictEqual(await gradient(g.sum(g.add(g.mul(x, x), g.mul(x, 2)))), [8, 12])
  })

  it("waits for every user of every part of a split", async () => {
    const [a = x, b = x] = g.split(x, 0, [1, 1])
    assert.deepStrictEqual(await gradient(g.sum(g.mul(g.mul(a, a), g.add(b, a)))), [27 + 30 + 0, 9])
  })

  it("is zero where the loss does not depend on a tensor", async () => {
    assert.deepStrictEqual(await gradient(g.sum(g.mul(g.stopGradient(x), 2))), [0, 0])
    assert.deepStrictEqual(await gradient(g.sum(g.cast(g.cast(x, "int32"), "float32"))), [0, 0])
  })

  it("differentiates with respect to tensors inside the graph", async () => {
    const square = g.mul(x, x)
    assert.deepStrictEqual(await gradient(g.sum(g.mul(square, square)), square), [18, 50])
    assert.deepStrictEqual(await gradient(g.sum(square), square), [1, 1])
  })

  it("differentiates a gradient again", async () => {
    const [first = x] = gradients(g.sum(g.pow(x, 3)), [x])
    const second = await gradient(g.sum(first))
    assert.deepStrictEqual(second.map(Math.round), [18, 30])
  })

  it("stops at stopGradient", async () => {
    assert.deepStrictEqual(await gradient(g.sum(g.mul(g.stopGradient(x), x))), [3, 5])
  })

  it("goes on from known gradients, and computes them only when asked", async () => {
    const y = g.mul(x, 2)
    const known = g.withGradient(g.sum(g.exp(g.sin(y))), [[y, g.constant("float32", [2], Float32Array.of(7, 11))]])
    assert.deepStrictEqual(await gradient(g.mul(known, 10)), [140, 220])
    const types = (outputs: Record<string, Tensor>) => lower("head", outputs).nodes.map(({ type }) => type)
    assert.deepStrictEqual(types({ known }), ["Mul", "Sin", "Exp", "ReduceSum"])
    assert.notInclude(types({ gradient: gradients(known, [x])[0] ?? x }), "Exp")
  })
})
