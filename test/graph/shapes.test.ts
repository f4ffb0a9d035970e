/** Shapes are checked where a graph is written, and named sizes hold whatever a run feeds. */
import { assert, describe, it } from "@effect/vitest"
import * as g from "../../src/graph/build.ts"
import { gradients } from "../../src/graph/autodiff.ts"
import { ElementMismatch, ShapeMismatch, UnknownDimension } from "../../src/graph/Errors.ts"
import type { Tensor } from "../../src/graph/Operator.ts"
import { serialize } from "../../src/graph/serialize.ts"
import type { Shape } from "../../src/graph/Tensor.ts"
import { load, wave } from "./evaluate.ts"

const x = (shape: Shape, name = "x") => g.input(name, "float32", shape)

const refused: ReadonlyArray<readonly [string, () => unknown, RegExp]> = [
  [
    "sizes that do not broadcast",
    () => g.add(x([2, 3]), x([4])),
    /Add: expected shapes that broadcast, found \[2, 3\] and \[4\]/
  ],
  ["names that differ", () => g.mul(x(["a"]), x(["b"])), /Mul.*\[a\] and \[b\]/],
  ["a name and a number", () => g.mul(x(["a"]), x([3])), /\[a\] and \[3\]/],
  [
    "inner sizes",
    () => g.matmul(x([2, 3]), x([4, 2])),
    /MatMul: expected equal inner sizes, found \[2, 3\] times \[4, 2\]/
  ],
  ["inner sizes, transposed", () => g.linear(x(["tokens", 3]), x([5, 4])), /\[tokens, 3\] times \[5, 4\] transposed/],
  ["a bias of another size", () => g.linear(x(["tokens", 3]), x([5, 3]), x([4])), /Gemm/],
  ["more elements", () => g.reshape(x([2, 3]), [7]), /Reshape: expected as many elements as \[2, 3\] has, found \[7\]/],
  ["a name lost", () => g.reshape(x(["n", 3]), [6]), /Reshape/],
  ["a name from nowhere", () => g.reshape(x([6]), ["n", 3]), /Reshape/],
  ["an axis that is not there", () => g.softmax(x([2, 3]), 2), /Softmax: expected an axis of a tensor of rank 2/],
  [
    "a scale of another size",
    () => g.layerNorm(x(["n", 3]), x([4]), undefined, 1e-5),
    /LayerNormalization: expected \[3\], found \[4\]/
  ],
  ["parts of other shapes", () => g.concat([x([2, 3]), x([2, 4])], 0), /Concat/],
  ["parts that do not sum up", () => g.split(x([5]), 0, [2, 2]), /Split/],
  ["a slice out of range", () => g.slice(x([5]), 0, 2, 6), /Slice/],
  ["an axis twice", () => g.transpose(x([2, 3]), [0, 0]), /Transpose/],
  ["a loss that is no scalar", () => gradients(x([2]), []), /scalar loss/],
  [
    "a weight with too few bytes",
    () => g.weight("w", "float32", [2, 2], { file: "f", offset: 0, length: 8 }),
    /16 bytes/
  ]
]

describe("refused shapes", () => {
  it.each([...refused])("%s", (_, build, message) => {
    const error = thrown(build)
    assert.instanceOf(error, ShapeMismatch)
    assert.match(error.message, message)
  })
})

const thrown = (build: () => unknown): unknown => {
  try {
    build()
  } catch (error) {
    return error
  }
  return undefined
}

describe("refused elements", () => {
  it.each<readonly [string, () => unknown]>([
    ["two types", () => g.add(x([2]), g.range(2))],
    ["a root of integers", () => g.sqrt(g.range(2))],
    ["a float as a condition", () => g.where(x([2]), 1, 0)],
    ["a float as an index", () => g.gather(x([2]), x([2]))],
    ["a gradient for integers", () => gradients(g.sum(x([2])), [g.range(2)])]
  ])("%s", (_, build) => assert.instanceOf(thrown(build), ElementMismatch))
})

/** Graphs whose result is x itself, or x summed to the shape of x, when all names are resolved rightly. */
const identities: ReadonlyArray<readonly [string, (x: Tensor) => Tensor]> = [
  ["names copied in place", (x) => g.reshape(g.reshape(x, ["a", "b", 2, 3]), ["a", "b", 6])],
  ["one name moved", (x) => g.reshape(g.reshape(x, [1, 1, "a", "b", 6]), ["a", "b", 6])],
  ["two names moved behind", (x) => g.reshape(g.reshape(x, [2, 3, "a", "b"]), ["a", "b", 6])],
  ["names merged into one of their own", (x) => g.reshape(g.reshape(x, ["rows", 6]), ["a", "b", 6])],
  ["names merged with a number", (x) => g.reshape(g.reshape(x, ["all"]), ["a", "b", 6])],
  ["names exchanged", (x) => g.transpose(g.transpose(x, [1, 2, 0]), [2, 0, 1])],
  [
    "exchanged names merged",
    (x) => g.reshape(g.reshape(g.transpose(g.transpose(x, [1, 0, 2]), [1, 0, 2]), ["ab", 6]), ["a", "b", 6])
  ],
  ["a part cut off and put back", (x) => g.concat([g.slice(x, 0, 0, 1), g.slice(x, 0, 1)], 0)],
  ["padded and cut", (x) => g.slice(g.concat([g.zeros("float32", ["a", 1, 6]), x], 1), 1, 1)],
  ["split by a named size", (x) => g.split(g.concat([x, g.zeros("float32", ["a", 2, 6])], 1), 1, ["b", 2])[0] ?? x],
  ["expanded over a name and averaged", (x) => g.mean(g.expand(g.unsqueeze(x, 0), ["b", "a", "b", 6]), 0)],
  ["gathered by a range", (x) => g.gather(x, g.range("b"), 1)]
]

describe("named sizes", () => {
  it.each([...identities])("%s", async (_, build) => {
    const symbol = x(["a", "b", 6])
    const result = build(symbol)
    const loss = g.sum(g.mul(result, g.constant("float32", [6], Float32Array.of(1, 2, 3, 4, 5, 6))))
    const [gradient = loss] = gradients(loss, [symbol])
    const run = await load({ result, gradient })
    for (const shape of [
      [2, 3, 6],
      [4, 1, 6]
    ]) {
      const fed = wave(shape)
      const found = await run({ x: fed })
      assert.deepStrictEqual(found.result?.shape, shape)
      found.result?.data.forEach((value, index) => assert.closeTo(value, fed.data[index] ?? NaN, 1e-6))
      assert.deepStrictEqual(found.gradient?.shape, shape)
      found.gradient?.data.forEach((value, index) => assert.closeTo(value, (index % 6) + 1, 1e-5))
    }
  })

  it("an empty axis stays empty", async () => {
    const symbol = x(["a", "b", 6])
    const run = await load({ result: g.reshape(g.reshape(symbol, [2, 3, "a", "b"]), ["a", "b", 2, 3]) })
    assert.deepStrictEqual((await run({ x: { shape: [0, 5, 6], data: [] } })).result?.shape, [0, 5, 2, 3])
  })

  it("dimension tells a size", async () => {
    const run = await load({ result: g.dimension(x(["a", "b"]), 1) })
    assert.deepStrictEqual((await run({ x: wave([2, 5]) })).result, { shape: [], data: [5] })
  })

  it("the mean over a named axis divides its gradient by the size fed", async () => {
    const symbol = x(["a", "b"])
    const [gradient = symbol] = gradients(g.mean(symbol), [symbol])
    assert.deepStrictEqual((await (await load({ gradient }))({ x: wave([2, 4]) })).gradient?.data, Array(8).fill(1 / 8))
  })

  it("a name that no tensor has is refused with those that are known", () => {
    const error = thrown(() => serialize({ name: "g", outputs: { y: g.expand(x(["a", 1]), ["a", "c"]) } }))
    assert.instanceOf(error, UnknownDimension)
    assert.match(error.message, /"c".*so far: a\)/)
  })
})
