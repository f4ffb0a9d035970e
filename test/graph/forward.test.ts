/** What every function of the vocabulary computes, against plain arithmetic. */
import { assert, describe, it } from "@effect/vitest"
import * as g from "../../src/graph/build.ts"
import type { Tensor } from "../../src/graph/Operator.ts"
import type { Element } from "../../src/graph/Tensor.ts"
import { evaluate, wave } from "./evaluate.ts"
import type { Numbers } from "./evaluate.ts"

const close = (found: ReadonlyArray<number>, expected: ReadonlyArray<number>, tolerance = 2e-6) => {
  assert.strictEqual(found.length, expected.length)
  found.forEach((value, index) => {
    const wanted = expected[index] ?? NaN
    assert.closeTo(value, wanted, tolerance * (1 + Math.abs(wanted)), `element ${index}`)
  })
}

/** Abramowitz and Stegun's series, to double precision for |x| < 3. */
const erf = (x: number): number => {
  let [term, all] = [x, x]
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n
    all += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * all
}
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))
const points = [-2.5, -1, -0.25, 0, 0.5, 1, 2]
const positive = [0.25, 1, 2, 7]

type Unary = readonly [
  name: string,
  build: (x: Tensor) => Tensor,
  expected: (x: number) => number,
  values?: ReadonlyArray<number>
]

const unary: ReadonlyArray<Unary> = [
  ["neg", g.neg, (x) => -x],
  ["abs", g.abs, Math.abs],
  ["exp", g.exp, Math.exp],
  ["log", g.log, Math.log, positive],
  ["sqrt", g.sqrt, Math.sqrt, positive],
  ["reciprocal", g.reciprocal, (x) => 1 / x, positive],
  ["tanh", g.tanh, Math.tanh],
  ["erf", g.erf, erf],
  ["sigmoid", g.sigmoid, sigmoid],
  ["cos", g.cos, Math.cos],
  ["sin", g.sin, Math.sin],
  ["relu", g.relu, (x) => Math.max(x, 0)],
  ["silu", g.silu, (x) => x * sigmoid(x)],
  ["gelu", (x) => g.gelu(x), (x) => (x / 2) * (1 + erf(x / Math.SQRT2))],
  [
    "gelu, tanh",
    (x) => g.gelu(x, "tanh"),
    (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
  ],
  ["pow 3", (x) => g.pow(x, 3), (x) => x ** 3],
  ["pow -0.5", (x) => g.pow(x, -0.5), (x) => x ** -0.5, positive]
]

describe("element by element", () => {
  it.each(unary.map(([name, build, expected, values = points]) => ({ name, build, expected, values })))(
    "$name",
    async (row) => {
      const { build, expected, values } = row
      const { data } = await evaluate(build(g.input("x", "float32", ["n"])), {
        x: { shape: [values.length], data: values }
      })
      close(data, values.map(expected))
    }
  )
})

const left = [-2, -1, 0, 1, 2, 3]
const right = [3, 2, 1, 1, 2, -3]
const logical = (test: (a: number, b: number) => boolean) => (a: number, b: number) => Number(test(a, b))

const binary: ReadonlyArray<
  readonly [string, Element, (a: Tensor, b: Tensor) => Tensor, (a: number, b: number) => number]
> = [
  ["add", "float32", g.add, (a, b) => a + b],
  ["sub", "float32", g.sub, (a, b) => a - b],
  ["mul", "float32", g.mul, (a, b) => a * b],
  ["div", "float32", g.div, (a, b) => a / b],
  ["maximum", "float32", g.maximum, Math.max],
  ["minimum", "float32", g.minimum, Math.min],
  ["greater", "float32", g.greater, logical((a, b) => a > b)],
  ["less", "float32", g.less, logical((a, b) => a < b)],
  ["equal", "float32", g.equal, logical((a, b) => a === b)],
  ["add of int64", "int64", g.add, (a, b) => a + b],
  ["mul of int32", "int32", g.mul, (a, b) => a * b],
  ["less of int32", "int32", g.less, logical((a, b) => a < b)]
]

describe("two operands", () => {
  it.each([...binary])("%s", async (_, element, build, expected) => {
    const result = build(g.input("a", element, ["n"]), g.input("b", element, ["n"]))
    const { data } = await evaluate(result, { a: { shape: [6], data: left }, b: { shape: [6], data: right } })
    close(
      data,
      left.map((a, index) => expected(a, right[index] ?? NaN))
    )
  })

  it("and, or, not, where", async () => {
    const a = g.constant("bool", [4], Uint8Array.of(0, 0, 1, 1))
    const b = g.constant("bool", [4], Uint8Array.of(0, 1, 0, 1))
    assert.deepStrictEqual((await evaluate(g.and(a, b))).data, [0, 0, 0, 1])
    assert.deepStrictEqual((await evaluate(g.or(a, b))).data, [0, 1, 1, 1])
    assert.deepStrictEqual((await evaluate(g.not(a))).data, [1, 1, 0, 0])
    assert.deepStrictEqual((await evaluate(g.where(b, 2, g.scalar(5)))).data, [5, 2, 5, 2])
  })

  it("broadcasts as numpy does", async () => {
    const { data, shape } = await evaluate(
      g.sub(g.input("a", "float32", ["n", 1, 3]), g.input("b", "float32", [2, 1])),
      { a: wave([2, 1, 3]), b: { shape: [2, 1], data: [1, 2] } }
    )
    assert.deepStrictEqual(shape, [2, 2, 3])
    close(
      data,
      wave([2, 1, 3]).data.flatMap((_, index, a) =>
        index % 3 === 0 ? [1, 2].flatMap((b) => a.slice(index, index + 3).map((x) => x - b)) : []
      )
    )
  })

  it("wraps and shifts unsigned words, as a counter-based random mask needs", async () => {
    const words = [1, 77, 0x9e3779b1, 0xffffffff]
    const x = g.input("x", "uint32", ["n"])
    const feeds = { x: { shape: [4], data: words } }
    const hash = g.mul(g.bitwiseXor(x, g.shiftRight(x, 15)), 0x85ebca6b)
    assert.deepStrictEqual(
      (await evaluate(hash, feeds)).data,
      words.map((w) => Math.imul(w ^ (w >>> 15), 0x85ebca6b) >>> 0)
    )
    assert.deepStrictEqual(
      (await evaluate(g.shiftLeft(x, 7), feeds)).data,
      words.map((w) => (w << 7) >>> 0)
    )
    assert.deepStrictEqual(
      (await evaluate(g.bitwiseAnd(x, 0xff), feeds)).data,
      words.map((w) => w & 0xff)
    )
    assert.deepStrictEqual(
      (await evaluate(g.less(x, 0x80000000), feeds)).data,
      words.map((w) => Number(w < 0x80000000))
    )
  })

  it("casts between element types", async () => {
    const x = g.input("x", "float32", [3])
    const feeds = { x: { shape: [3], data: [1.0009765625, -2.7, 0] } }
    close((await evaluate(g.cast(g.cast(x, "float16"), "float32"), feeds)).data, [1.0009765625, -2.69921875, 0], 0)
    assert.deepStrictEqual((await evaluate(g.cast(x, "int32"), feeds)).data, [1, -2, 0])
    assert.deepStrictEqual((await evaluate(g.cast(x, "bool"), feeds)).data, [1, 1, 0])
    close((await evaluate(g.cast(g.scalar(1 / 3, "float16"), "float32"))).data, [0.333251953125], 0)
  })
})

/** A plain matrix product. */
const product = (a: Numbers, b: Numbers): ReadonlyArray<number> => {
  const [rows = 0, inner = 0] = a.shape
  const [, columns = 0] = b.shape
  return Array.from({ length: rows * columns }, (_, index) => {
    const [row, column] = [Math.floor(index / columns), index % columns]
    return Array.from(
      { length: inner },
      (_, k) => (a.data[row * inner + k] ?? NaN) * (b.data[k * columns + column] ?? NaN)
    ).reduce((all, term) => all + term, 0)
  })
}
const flip = ({ data, shape: [rows = 0, columns = 0] }: Numbers): Numbers => ({
  shape: [columns, rows],
  data: Array.from(
    { length: rows * columns },
    (_, index) => data[(index % rows) * columns + Math.floor(index / rows)] ?? NaN
  )
})

describe("products", () => {
  const [a, b] = [wave([3, 4]), wave([4, 2], 1)]

  it("multiplies batches of matrices", async () => {
    const result = g.matmul(g.input("a", "float32", ["batch", 3, 4]), g.input("b", "float32", [4, 2]))
    const { data, shape } = await evaluate(result, { a: { shape: [2, 3, 4], data: [...a.data, ...a.data] }, b })
    assert.deepStrictEqual(shape, [2, 3, 2])
    close(data, [...product(a, b), ...product(a, b)])
  })

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true]
  ])("gemm, transposed %s %s", async (transA, transB) => {
    const [fedA, fedB] = [transA ? flip(a) : a, transB ? flip(b) : b]
    const result = g.gemm(g.input("a", "float32", fedA.shape), g.input("b", "float32", fedB.shape), {
      transA,
      transB,
      alpha: 0.5,
      plus: g.input("c", "float32", [2])
    })
    const { data } = await evaluate(result, { a: fedA, b: fedB, c: { shape: [2], data: [10, 20] } })
    close(
      data,
      product(a, b).map((value, index) => value / 2 + (index % 2 === 0 ? 10 : 20))
    )
  })

  it("linear is x wᵀ + bias", async () => {
    const result = g.linear(g.input("x", "float32", ["tokens", 4]), g.input("w", "float32", [2, 4]))
    close((await evaluate(result, { x: a, w: flip(b) })).data, product(a, b))
  })
})

describe("along axes", () => {
  const x: Numbers = { shape: [2, 3], data: [1, 2, 4, 3, 5, 9] }
  const symbol = g.input("x", "float32", ["n", 3])
  const run = async (tensor: Tensor) => evaluate(tensor, { x })

  it("reduces", async () => {
    assert.deepStrictEqual((await run(g.sum(symbol))).data, [24])
    assert.deepStrictEqual((await run(g.sum(symbol, 0))).data, [4, 7, 13])
    assert.deepStrictEqual(await run(g.max(symbol, -1, true)), { shape: [2, 1], data: [4, 9] })
    close((await run(g.mean(symbol, [0, 1]))).data, [4])
  })

  it("finds the first of the largest", async () => {
    const tied: Numbers = { shape: [2, 3], data: [1, 4, 4, 5, 2, 5] }
    assert.deepStrictEqual(await evaluate(g.argMax(symbol), { x: tied }), { shape: [2], data: [1, 0] })
    assert.deepStrictEqual((await evaluate(g.argMax(symbol, 0), { x: tied })).data, [1, 0, 1])
  })

  it("softmax and its logarithm", async () => {
    const rows = [
      [1, 2, 4],
      [3, 5, 9]
    ].map((row) => row.map((value) => Math.exp(value)))
    const expected = rows.flatMap((row) => row.map((value) => value / row.reduce((all, other) => all + other)))
    close((await run(g.softmax(symbol))).data, expected)
    close((await run(g.logSoftmax(symbol))).data, expected.map(Math.log))
  })

  it("normalises", async () => {
    const scale = g.constant("float32", [3], Float32Array.of(1, 2, 3))
    const bias = g.constant("float32", [3], Float32Array.of(0, 0, 1))
    const rows = [
      [1, 2, 4],
      [3, 5, 9]
    ]
    const average = (row: ReadonlyArray<number>) => row.reduce((all, value) => all + value) / row.length
    close(
      (await run(g.layerNorm(symbol, scale, bias, 0.5))).data,
      rows.flatMap((row) => {
        const center = average(row)
        const deviation = Math.sqrt(average(row.map((value) => (value - center) ** 2)) + 0.5)
        return row.map((value, index) => ((value - center) / deviation) * (index + 1) + (index === 2 ? 1 : 0))
      })
    )
    close(
      (await run(g.rmsNorm(symbol, scale, 0.5))).data,
      rows.flatMap((row) => {
        const root = Math.sqrt(average(row.map((value) => value * value)) + 0.5)
        return row.map((value, index) => (value / root) * (index + 1))
      })
    )
  })
})

describe("shape and selection", () => {
  const counting = g.reshape(g.range(24, "float32"), [2, 3, 4])

  it("transposes, slices, pads, joins and splits", async () => {
    assert.deepStrictEqual(
      (await evaluate(g.transpose(g.slice(counting, 2, 1, 3), [2, 0, 1]))).data,
      [1, 5, 9, 13, 17, 21, 2, 6, 10, 14, 18, 22]
    )
    assert.deepStrictEqual((await evaluate(g.pad(g.range(2, "float32"), 0, 1, 4))).data, [0, 0, 1, 0])
    const [first, second] = g.split(g.range(5), 0, [2, 3])
    assert.ok(first !== undefined && second !== undefined)
    assert.deepStrictEqual((await evaluate(g.concat([second, first], 0))).data, [2, 3, 4, 0, 1])
  })

  it("gathers and scatters", async () => {
    const index = g.constant("int64", [2], BigInt64Array.of(2n, 0n))
    assert.deepStrictEqual(
      (await evaluate(g.gather(counting, index, 1))).data,
      [8, 9, 10, 11, 0, 1, 2, 3, 20, 21, 22, 23, 12, 13, 14, 15]
    )
    const columns = g.constant("int32", [2, 1], Int32Array.of(1, 3))
    const matrix = g.reshape(g.range(8, "float32"), [2, 4])
    assert.deepStrictEqual(await evaluate(g.gatherElements(matrix, columns, 1)), { shape: [2, 1], data: [1, 7] })
    const meet = g.constant("int32", [3], Int32Array.of(1, 1, 0))
    const rows = g.reshape(g.range(6, "float32"), [3, 2])
    assert.deepStrictEqual(await evaluate(g.scatterRows(meet, rows, 3)), { shape: [3, 2], data: [4, 5, 2, 4, 0, 0] })
    const elements = g.constant("int32", [2, 2], Int32Array.of(2, 2, 0, 1))
    const ones = g.expand(g.scalar(1), [2, 2])
    assert.deepStrictEqual((await evaluate(g.scatterElements(elements, ones, 1, 3))).data, [0, 0, 2, 1, 1, 0])
  })

  it("adds rows that meet one after the other, however many there are", async () => {
    const count = 50_000
    const index = g.input("index", "int32", ["n"])
    const sums = await evaluate(g.scatterRows(index, g.expand(g.scalar(1), ["n", 2]), 2), {
      index: { shape: [count], data: Array.from({ length: count }, (_, position) => position % 2) }
    })
    assert.deepStrictEqual(sums.data, [count / 2, count / 2, count / 2, count / 2])
  })

  it("carries tokens to padded places and back", async () => {
    const places = { index: g.constant("int32", [2, 3], Int32Array.of(0, 1, 2, 3, -1, -1)), gaps: true }
    const tokens = { index: g.constant("int32", [4], Int32Array.of(0, 1, 2, 3)), gaps: false }
    const x = g.reshape(g.add(g.range(8, "float32"), 1), [4, 2])
    const padded = g.gatherRows(x, places, tokens)
    assert.deepStrictEqual(await evaluate(padded), { shape: [2, 3, 2], data: [1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 0] })
    assert.deepStrictEqual(await evaluate(g.gatherRows(padded, tokens, places)), {
      shape: [4, 2],
      data: [1, 2, 3, 4, 5, 6, 7, 8]
    })
  })

  it("stopGradient and withGradient give the value itself", async () => {
    assert.deepStrictEqual((await evaluate(g.stopGradient(g.range(2)))).data, [0, 1])
    const x = g.range(2, "float32")
    assert.deepStrictEqual((await evaluate(g.withGradient(g.sum(x), [[x, x]]))).data, [1])
  })
})
