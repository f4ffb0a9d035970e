/** Every gradient of the operator table against central differences; an operator without a case does not compile. */
import { assert, describe, it } from "@effect/vitest"
import * as g from "../../src/graph/build.ts"
import { gradients } from "../../src/graph/autodiff.ts"
import type { OperatorName, Tensor } from "../../src/graph/Operator.ts"
import { inputsOf, topological } from "../../src/graph/order.ts"
import { recompute } from "../../src/graph/recompute.ts"
import { load, wave } from "./evaluate.ts"
import type { Evaluate, Feeds, Numbers } from "./evaluate.ts"

/** A function of float32 inputs; each input's gradient is checked. */
interface Case {
  readonly what: string
  readonly inputs: ReadonlyArray<Numbers>
  readonly build: (...inputs: ReadonlyArray<Tensor>) => Tensor
}

type Build = Case["build"]
const numbers = (...data: ReadonlyArray<number>): Numbers => ({ shape: [data.length], data })
const positive = ({ data, shape }: Numbers): Numbers => ({ shape, data: data.map((value) => Math.abs(value) + 0.5) })
const int32 = (shape: ReadonlyArray<number>, ...data: ReadonlyArray<number>) =>
  g.constant("int32", shape, Int32Array.from(data))
const bools = (...data: ReadonlyArray<number>) => g.constant("bool", [data.length], Uint8Array.from(data))

const points = numbers(-1.7, -0.6, -0.1, 0, 0.2, 0.9, 2.1)
const unary = (build: Build, x: Numbers = points): ReadonlyArray<Case> => [
  { what: "values of both signs and zero", inputs: [x], build }
]
const broadcasting = (build: Build, prepare = (x: Numbers) => x): ReadonlyArray<Case> => [
  { what: "equal shapes", inputs: [wave([2, 3]), prepare(wave([2, 3], 1))], build },
  { what: "b repeated", inputs: [wave([2, 3]), prepare(wave([3], 1))], build },
  { what: "both repeated", inputs: [wave([2, 1, 3]), prepare(wave([4, 1], 1))], build },
  { what: "a scalar", inputs: [wave([]), prepare(wave([2, 2], 1))], build }
]
const ties = numbers(-1, 0, 0.5, 2)
const withTies = (build: Build): ReadonlyArray<Case> => [
  ...broadcasting(build),
  { what: "ties", inputs: [ties, numbers(-1, 0, 0.7, 1)], build }
]

/** Index maps of two sequences of lengths 3 and 1: tokens [4] and places [2, 3]. */
const toPlaces: g.Rows = { index: int32([2, 3], 0, 1, 2, 3, -1, -1), gaps: true }
const toTokens: g.Rows = { index: int32([4], 0, 1, 2, 3), gaps: false }

const part = (parts: ReadonlyArray<Tensor>, index: number): Tensor => {
  const found = parts[index]
  if (found === undefined) throw new Error(`no part ${index}`)
  return found
}
/** The product of the sums of all parts, so that every part has a gradient that depends on the others. */
const multiplyParts =
  (sizes: ReadonlyArray<number>): Build =>
  (x) =>
    g
      .split(x, -1, sizes)
      .map((piece) => g.sum(piece, -1))
      .reduce((all, piece) => g.mul(all, piece))

const noGradient = "no gradient"

const cases: { readonly [Name in OperatorName]: ReadonlyArray<Case> | typeof noGradient } = {
  Neg: unary(g.neg),
  Abs: unary(g.abs),
  Exp: unary(g.exp),
  Log: unary(g.log, positive(points)),
  Sqrt: unary(g.sqrt, positive(points)),
  Reciprocal: unary(g.reciprocal, positive(points)),
  Tanh: unary(g.tanh),
  Erf: unary(g.erf),
  Sigmoid: [...unary(g.sigmoid), ...unary(g.silu)],
  Cos: unary(g.cos),
  Sin: unary(g.sin),
  Relu: unary(g.relu, numbers(-1.7, -0.1, 0.2, 0.9)),
  Not: noGradient,
  Gelu: [...unary((x) => g.gelu(x)), ...unary((x) => g.gelu(x, "tanh"))],
  Pow: [...unary((x) => g.pow(x, 3)), ...unary((x) => g.pow(x, -0.5), positive(points))],
  Cast: unary((x) => g.mul(g.cast(g.cast(x, "float16"), "float32"), x), numbers(-1.5, 0.25, 0, 1)),

  Add: broadcasting(g.add),
  Sub: broadcasting(g.sub),
  Mul: broadcasting(g.mul),
  Div: broadcasting(g.div, positive),
  Max: withTies(g.maximum),
  Min: withTies(g.minimum),
  Greater: noGradient,
  Less: noGradient,
  Equal: noGradient,
  And: noGradient,
  Or: noGradient,
  BitwiseAnd: noGradient,
  BitwiseXor: noGradient,
  BitShift: noGradient,
  Where: broadcasting((a, b) => g.where(bools(1), a, b)).concat({
    what: "mixed",
    inputs: [wave([2, 3]), wave([3], 1)],
    build: (a, b) => g.where(bools(1, 0, 1), a, b)
  }),

  MatMul: [
    { what: "matrices", inputs: [wave([2, 3]), wave([3, 4], 1)], build: g.matmul },
    { what: "a batch", inputs: [wave([2, 2, 2, 3]), wave([2, 2, 3, 2], 1)], build: g.matmul },
    { what: "a repeated batch", inputs: [wave([2, 1, 2, 3]), wave([3, 3, 2], 1)], build: g.matmul }
  ],
  Gemm: [
    ...[false, true].flatMap((transA) =>
      [false, true].map((transB): Case => ({
        what: `A${transA ? "ᵀ" : ""} B${transB ? "ᵀ" : ""}`,
        inputs: [wave(transA ? [3, 2] : [2, 3]), wave(transB ? [4, 3] : [3, 4], 1), wave([2, 4], 2)],
        build: (a, b, plus) => g.gemm(a, b, { transA, transB, alpha: 0.75, plus })
      }))
    ),
    { what: "linear with a bias", inputs: [wave([2, 3]), wave([4, 3], 1), wave([4], 2)], build: g.linear }
  ],

  ReduceSum: [
    { what: "one axis", inputs: [wave([2, 3, 2])], build: (x) => g.sum(x, 1) },
    { what: "two axes kept", inputs: [wave([2, 3, 2])], build: (x) => g.sum(x, [0, -1], true) },
    { what: "all axes", inputs: [wave([2, 3])], build: (x) => g.sum(x) }
  ],
  ReduceMean: [
    { what: "one axis", inputs: [wave([2, 3, 2])], build: (x) => g.mean(x, 1) },
    { what: "two axes kept", inputs: [wave([2, 3, 2])], build: (x) => g.mean(x, [0, -1], true) }
  ],
  ReduceMax: [
    { what: "one axis", inputs: [wave([2, 3, 2])], build: (x) => g.max(x, 1) },
    { what: "ties", inputs: [{ shape: [2, 3], data: [1, 1, 0, -1, -2, -1] }], build: (x) => g.max(x, -1, true) }
  ],
  ReduceLogSum: [
    { what: "one axis", inputs: [positive(wave([2, 3, 2]))], build: (x) => g.logSum(x, 1) },
    { what: "two axes kept", inputs: [positive(wave([2, 3, 2]))], build: (x) => g.logSum(x, [0, -1], true) },
    { what: "an axis of one", inputs: [positive(wave([3, 1]))], build: (x) => g.logSum(x, 1) }
  ],
  Softmax: [
    { what: "last axis", inputs: [wave([2, 4])], build: (x) => g.softmax(x) },
    { what: "first axis", inputs: [wave([3, 2])], build: (x) => g.softmax(x, 0) },
    {
      what: "under a mask",
      inputs: [wave([2, 3])],
      build: (x) => g.softmax(g.where(bools(1, 1, 0), x, -1e9))
    }
  ],
  LogSoftmax: [{ what: "last axis", inputs: [wave([2, 4])], build: (x) => g.logSoftmax(x) }],
  LayerNormalization: [
    {
      what: "with a bias",
      inputs: [wave([2, 2, 4]), wave([4], 1), wave([4], 2)],
      build: (x, scale, bias) => g.layerNorm(x, scale, bias, 1e-5)
    },
    {
      what: "without",
      inputs: [wave([2, 4]), wave([4], 1)],
      build: (x, scale) => g.layerNorm(x, scale, undefined, 1e-2)
    }
  ],
  RMSNormalization: [
    { what: "rows", inputs: [wave([2, 2, 4]), wave([4], 1)], build: (x, scale) => g.rmsNorm(x, scale, 1e-5) }
  ],

  RotaryEmbedding: [
    {
      what: "part of each head",
      inputs: [wave([2, 2, 6]), wave([2, 2], 1), wave([2, 2], 2)],
      build: (x, cosine, sine) => g.rotaryEmbedding(x, cosine, sine)
    },
    {
      what: "whole heads",
      inputs: [wave([3, 1, 4]), wave([3, 2], 1), wave([3, 2], 2)],
      build: (x, cosine, sine) => g.rotaryEmbedding(x, cosine, sine)
    }
  ],

  Reshape: [{ what: "merged and split", inputs: [wave([2, 6])], build: (x) => g.reshape(x, [3, 4]) }],
  Expand: [{ what: "repeated and added axes", inputs: [wave([3, 1])], build: (x) => g.expand(x, [2, 3, 4]) }],
  Transpose: [{ what: "a rotation of axes", inputs: [wave([2, 3, 4])], build: (x) => g.transpose(x, [2, 0, 1]) }],
  Slice: [
    { what: "the middle", inputs: [wave([2, 5])], build: (x) => g.slice(x, 1, 1, 4) },
    { what: "from the back", inputs: [wave([4, 2])], build: (x) => g.slice(x, 0, 1, -1) },
    { what: "to the end", inputs: [wave([4])], build: (x) => g.slice(x, 0, 2) }
  ],
  Pad: [{ what: "both sides", inputs: [wave([2, 2])], build: (x) => g.pad(x, 0, 1, 5) }],
  Concat: [
    {
      what: "three parts, one used twice",
      inputs: [wave([2, 1]), wave([2, 3], 1)],
      build: (a, b) => g.concat([a, b, a], 1)
    }
  ],
  Split: [
    { what: "all parts used", inputs: [wave([2, 5])], build: multiplyParts([1, 2, 2]) },
    { what: "one part used", inputs: [wave([5])], build: (x) => part(g.split(x, 0, [2, 1, 2]), 1) }
  ],
  Gather: [
    { what: "rows, one twice", inputs: [wave([4, 2])], build: (x) => g.gather(x, int32([2, 2], 0, 3, 3, 1)) },
    { what: "columns", inputs: [wave([2, 3, 2])], build: (x) => g.gather(x, int32([3], 2, 0, 2), 1) },
    { what: "one element", inputs: [wave([3, 2])], build: (x) => g.gather(x, int32([], 1), -1) }
  ],
  GatherElements: [
    { what: "one of each row", inputs: [wave([3, 4])], build: (x) => g.gatherElements(x, int32([3, 1], 1, 3, 0), 1) },
    { what: "one twice", inputs: [wave([1, 3])], build: (x) => g.gatherElements(x, int32([1, 2], 2, 2), 1) }
  ],
  ScatterRows: [
    { what: "rows that meet", inputs: [wave([3, 2])], build: (x) => g.scatterRows(int32([3], 1, 3, 1), x, 4) }
  ],
  ScatterElements: [
    {
      what: "elements that meet",
      inputs: [wave([2, 2])],
      build: (x) => g.scatterElements(int32([2, 2], 1, 1, 0, 2), x, 1, 3)
    }
  ],
  GatherRows: [
    { what: "tokens to places", inputs: [wave([4, 2])], build: (x) => g.gatherRows(x, toPlaces, toTokens) },
    { what: "places to tokens", inputs: [wave([2, 3, 2])], build: (x) => g.gatherRows(x, toTokens, toPlaces) }
  ],

  ArgMax: noGradient,
  Range: noGradient,
  DimensionSize: noGradient,
  StopGradient: noGradient,
  KnownGradient: [
    {
      what: "a sum of squares",
      inputs: [wave([2, 2])],
      build: (x) => g.mul(g.withGradient(g.sum(g.mul(x, x)), [[x, g.mul(x, 2)]]), 3)
    }
  ],
  Recompute: [
    {
      what: "of what is given, and of what is read from outside",
      inputs: [wave([2, 3]), wave([3], 1)],
      build: (x, w) => recompute((x) => g.tanh(g.mul(g.mul(x, w), x)), x)
    },
    {
      what: "one in another",
      inputs: [wave([2, 3]), wave([3], 1)],
      build: (x, w) =>
        recompute(
          (x) =>
            g.mul(
              recompute((x) => g.tanh(g.mul(x, w)), x),
              x
            ),
          x
        )
    }
  ],
  Barrier: [
    {
      what: "two tensors, one used twice",
      inputs: [wave([2, 2]), wave([2], 1)],
      build: (a, b) => {
        const first = g.after(g.sum(a), a)
        return g.mul(g.mul(first, g.after(g.sum(a), b)), first)
      }
    }
  ]
}

/** Steps for which float16 and float32 represent all numbers above exactly when moved by them. */
const step = 2 ** -6
const tolerance = 5e-4

/** d/dx of sum(y * direction) for every element of every input, by Richardson extrapolation of central differences. */
const differences = async (evaluate: Evaluate, feeds: Feeds, direction: Numbers): Promise<ReadonlyArray<Numbers>> => {
  const lossAt = async (name: string, x: Numbers, index: number, move: number) => {
    const moved = { shape: x.shape, data: x.data.with(index, Math.fround(x.data[index] ?? 0) + move) }
    const { y } = await evaluate({ ...feeds, [name]: moved })
    return y?.data.reduce((all, value, position) => all + value * (direction.data[position] ?? 0), 0) ?? NaN
  }
  const results: Array<Numbers> = []
  for (const [name, x] of Object.entries(feeds)) {
    const data: Array<number> = []
    for (const index of x.data.keys()) {
      const slope = async (width: number) =>
        ((await lossAt(name, x, index, width)) - (await lossAt(name, x, index, -width))) / (2 * width)
      data.push((4 * (await slope(step)) - (await slope(2 * step))) / 3)
    }
    results.push({ shape: x.shape, data })
  }
  return results
}

const operatorsIn = (tensor: Tensor): ReadonlyArray<string> =>
  topological([tensor], inputsOf).flatMap(({ producer }) =>
    producer.kind === "operator" ? [producer.operator.name] : []
  )

describe.each(Object.entries(cases).filter(([, list]) => list !== noGradient))("%s", (name, list) => {
  it.each([...(list as ReadonlyArray<Case>)])("$what", async ({ build, inputs }) => {
    const symbols = inputs.map(({ shape }, index) => g.input(`x${index}`, "float32", shape))
    const feeds = Object.fromEntries(inputs.map((x, index) => [`x${index}`, x]))
    const y = build(...symbols)
    assert.include(operatorsIn(y), name)

    const direction = wave(y.shape.map(Number), 9)
    const loss = g.sum(g.mul(y, g.constant("float32", direction.shape, Float32Array.from(direction.data))))
    const derived = Object.fromEntries(
      gradients(loss, symbols).map((gradient, index) => [`gradient${index}`, gradient])
    )
    const computed = await (await load(derived))(feeds)
    const expected = await differences(await load({ y }), feeds, direction)

    expected.forEach(({ data, shape }, index) => {
      const found = computed[`gradient${index}`]
      if (found === undefined) throw new Error("no gradient")
      assert.deepStrictEqual(found.shape, shape)
      data.forEach((value, position) =>
        assert.closeTo(found.data[position] ?? NaN, value, tolerance * (1 + Math.abs(value)))
      )
    })
  })
})

describe("kinks", () => {
  it("relu has gradient 0 at 0", async () => {
    const x = g.input("x", "float32", [3])
    const [gradient] = gradients(g.sum(g.relu(x)), [x])
    assert.deepStrictEqual(
      (await (await load({ gradient: gradient ?? x }))({ x: numbers(-1, 0, 1) })).gradient?.data,
      [0, 0, 1]
    )
  })
})
