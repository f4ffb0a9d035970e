/**
 * The gradient of every operator: from the gradient of its results, that of its inputs (a vector-Jacobian product).
 * What was costly to compute is read again (matrix products, softmax), what is cheap is computed again from the input
 * (activations, norms), so that few large tensors live from the forward to the backward pass.
 */
import {
  add,
  after,
  apply,
  applyAll,
  cast,
  concat,
  cos,
  dimension,
  div,
  equal,
  exp,
  expand,
  gather,
  gatherElements,
  gemm,
  greater,
  less,
  matmul,
  mean,
  mul,
  neg,
  pad,
  pow,
  range,
  reciprocal,
  reshape,
  rotaryEmbedding,
  scalar,
  scatterElements,
  scatterRows,
  sin,
  slice,
  split,
  sqrt,
  sub,
  sum,
  transpose,
  where,
  zeros
} from "./build.ts"
import { geluDerivative, geluTanhDerivative, share, sign } from "./derivatives.ts"
import { NotDifferentiable } from "./Errors.ts"
import type { OperatorName, OperatorOf, Tensor } from "./Operator.ts"
import { dimensionAt, numericPart, repeatedAxes } from "./shapes.ts"
import { substitute } from "./substitute.ts"

/** What flows back into an operator; `output` and `gradient` are those of the first result. */
interface Flow {
  readonly output: Tensor
  readonly gradient: Tensor
  readonly outputs: ReadonlyArray<Tensor>
  /** Undefined where a result was not used. */
  readonly gradients: ReadonlyArray<Tensor | undefined>
  readonly pullBack: PullBack
}

/** From the gradient of a result, that of each tensor of `wrt`; undefined where the result does not depend on it. */
export type PullBack = (
  result: Tensor,
  gradient: Tensor,
  wrt: ReadonlyArray<Tensor>
) => ReadonlyArray<Tensor | undefined>

/** For each input its gradient, or undefined where it has none. */
type Gradient<Name extends OperatorName> = (
  flow: Flow,
  operator: OperatorOf<Name>,
  ...inputs: ReadonlyArray<Tensor>
) => ReadonlyArray<Tensor | undefined>

/** Integers, truth values and generated values: nothing to differentiate. */
const none = (): ReadonlyArray<undefined> => []

/** For y = f(x) element by element: gradient times derivative. */
const elementwise =
  (derivative: (x: Tensor, y: Tensor) => Tensor) =>
  ({ gradient, output }: Flow, _: unknown, x: Tensor) => [mul(gradient, derivative(x, output))]

/** Sums a gradient over the axes along which broadcasting repeated an input. */
const unbroadcast = (gradient: Tensor, input: Tensor): Tensor => {
  const axes = repeatedAxes(input.shape, gradient.shape)
  return axes.length === 0 ? gradient : reshape(sum(gradient, axes), input.shape)
}

/** Exchanges the last two axes. */
const transposed = (x: Tensor): Tensor => {
  const rank = x.shape.length
  return transpose(x, [...Array(rank - 2).keys(), rank - 1, rank - 2])
}

/** Gives a reduced tensor the reduced axes back, with size 1. */
const keepDims = (reduced: Tensor, axes: ReadonlyArray<number>, x: Tensor): Tensor =>
  reshape(
    reduced,
    x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
  )

/** The number of elements along axes, as a scalar of x's element type. */
const count = (x: Tensor, axes: ReadonlyArray<number>): Tensor =>
  axes
    .filter((axis) => typeof x.shape[axis] === "string")
    .map((axis) => cast(dimension(x, axis), x.element))
    .reduce(
      (all, size) => mul(all, size),
      scalar(numericPart(axes.map((axis) => dimensionAt(x.shape, axis))), x.element)
    )

/** Sums over all axes but the last. */
const sumToLast = (x: Tensor): Tensor => sum(x, [...Array(x.shape.length - 1).keys()])

/** The part of a gradient that lies along the normalised x: norms of the last axis take it away. */
const project = (gradient: Tensor, normalized: Tensor): Tensor =>
  mul(normalized, mean(mul(gradient, normalized), -1, true))

/**
 * The result of a norm computed anew once `until` is there, from what is kept for the norm's own gradient; undefined for
 * what no norm made.
 */
const normalizedAgain = (until: Tensor, { element, producer }: Tensor): Tensor | undefined => {
  if (producer.kind !== "operator") return undefined
  const [x, ...parameters] = producer.inputs
  if (x === undefined) return undefined
  switch (producer.operator.name) {
    case "Cast": {
      const again = normalizedAgain(until, x)
      return again === undefined ? undefined : cast(again, element)
    }
    case "LayerNormalization":
    case "RMSNormalization":
      return applyAll(producer.operator, after(until, x), ...parameters)[producer.output]
    default:
      return undefined
  }
}

const inFront = (axis: number, rank: number): ReadonlyArray<number> => [
  axis,
  ...Array(rank)
    .keys()
    .filter((other) => other !== axis)
]

const gradients: { readonly [Name in OperatorName]: Gradient<Name> } = {
  Neg: ({ gradient }) => [neg(gradient)],
  Abs: elementwise((x) => sign(x)),
  Exp: elementwise((_, y) => y),
  Log: ({ gradient }, _, x) => [div(gradient, x)],
  Sqrt: ({ gradient, output }) => [div(mul(gradient, 0.5), output)],
  Reciprocal: elementwise((_, y) => neg(mul(y, y))),
  Tanh: elementwise((_, y) => sub(1, mul(y, y))),
  Erf: elementwise((x) => mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
  Sigmoid: elementwise((_, y) => mul(y, sub(1, y))),
  Cos: elementwise((x) => neg(sin(x))),
  Sin: elementwise((x) => cos(x)),
  Relu: ({ gradient, output }) => [where(greater(output, 0), gradient, 0)],
  Not: none,
  Gelu: ({ gradient }, { approximate }, x) => [
    mul(gradient, approximate === "none" ? geluDerivative(x) : geluTanhDerivative(x))
  ],
  Pow: ({ gradient }, { exponent }, x) => [mul(gradient, mul(pow(x, exponent - 1), exponent))],
  Cast: ({ gradient }, _, x) => [cast(gradient, x.element)],

  Add: ({ gradient }, _, a, b) => [unbroadcast(gradient, a), unbroadcast(gradient, b)],
  Sub: ({ gradient }, _, a, b) => [unbroadcast(gradient, a), neg(unbroadcast(gradient, b))],
  Mul: ({ gradient }, _, a, b) => [unbroadcast(mul(gradient, b), a), unbroadcast(mul(gradient, a), b)],
  Div: ({ gradient, output }, _, a, b) => {
    const quotient = div(gradient, b)
    return [unbroadcast(quotient, a), neg(unbroadcast(mul(quotient, output), b))]
  },
  Max: ({ gradient }, _, a, b) => [
    unbroadcast(mul(gradient, share(greater(a, b), a, b)), a),
    unbroadcast(mul(gradient, share(less(a, b), a, b)), b)
  ],
  Min: ({ gradient }, _, a, b) => [
    unbroadcast(mul(gradient, share(less(a, b), a, b)), a),
    unbroadcast(mul(gradient, share(greater(a, b), a, b)), b)
  ],
  Greater: none,
  Less: none,
  Equal: none,
  And: none,
  Or: none,
  BitwiseAnd: none,
  BitwiseXor: none,
  BitShift: none,
  Where: ({ gradient }, _, condition, a, b) => [
    undefined,
    unbroadcast(where(condition, gradient, 0), a),
    unbroadcast(where(condition, 0, gradient), b)
  ],

  MatMul: ({ gradient }, _, a, b) => [
    unbroadcast(matmul(gradient, transposed(b)), a),
    unbroadcast(matmul(transposed(a), gradient), b)
  ],
  Gemm: ({ gradient }, { transA, transB, alpha }, a, b, c) => [
    transA ? gemm(b, gradient, { alpha, transA: transB, transB: true }) : gemm(gradient, b, { alpha, transB: !transB }),
    transB ? gemm(gradient, a, { alpha, transA: true, transB: transA }) : gemm(a, gradient, { alpha, transA: !transA }),
    c === undefined ? undefined : unbroadcast(gradient, c)
  ],

  ReduceSum: ({ gradient }, { axes }, x) => [expand(keepDims(gradient, axes, x), x.shape)],
  ReduceMean: ({ gradient }, { axes }, x) => [expand(div(keepDims(gradient, axes, x), count(x, axes)), x.shape)],
  ReduceMax: ({ gradient, output }, { axes }, x) => {
    const winners = cast(equal(x, keepDims(output, axes, x)), x.element)
    return [mul(div(keepDims(gradient, axes, x), sum(winners, axes, true)), winners)]
  },
  ReduceLogSum: ({ gradient, output }, { axes }, x) => [expand(keepDims(div(gradient, exp(output)), axes, x), x.shape)],
  Softmax: ({ gradient, output }, { axis }) => [mul(output, sub(gradient, sum(mul(gradient, output), axis, true)))],
  LogSoftmax: ({ gradient, output }, { axis }) => [sub(gradient, mul(exp(output), sum(gradient, axis, true)))],
  LayerNormalization: ({ gradient, gradients, outputs: [, average, inverseDeviation] }, { name }, x, scale, bias) => {
    if (average === undefined || inverseDeviation === undefined)
      throw new Error("internal: LayerNormalization without statistics")
    if (gradients.slice(1).some((statistic) => statistic !== undefined)) {
      throw new NotDifferentiable({ operator: name, reason: "its gradient cannot be differentiated a second time" })
    }
    const deviation = cast(inverseDeviation, x.element)
    const normalized = mul(sub(x, cast(average, x.element)), deviation)
    const inner = mul(gradient, scale)
    return [
      mul(deviation, sub(sub(inner, mean(inner, -1, true)), project(inner, normalized))),
      sumToLast(mul(gradient, normalized)),
      bias === undefined ? undefined : sumToLast(gradient)
    ]
  },
  RMSNormalization: ({ gradient }, { epsilon }, x, scale) => {
    const inverseRoot = reciprocal(sqrt(add(mean(mul(x, x), -1, true), epsilon)))
    const normalized = mul(x, inverseRoot)
    const inner = mul(gradient, scale)
    return [mul(inverseRoot, sub(inner, project(inner, normalized))), sumToLast(mul(gradient, normalized))]
  },

  RotaryEmbedding: ({ gradient }, _, x, cosine, sine) => {
    const half = Number(dimensionAt(cosine.shape, 1))
    const halves = (tensor: Tensor) => [slice(tensor, 2, 0, half), slice(tensor, 2, half, 2 * half)] as const
    const [first, second] = halves(x)
    const [ofFirst, ofSecond] = halves(gradient)
    return [
      rotaryEmbedding(gradient, cosine, neg(sine)),
      sum(add(mul(ofFirst, first), mul(ofSecond, second)), 1),
      sum(sub(mul(ofSecond, first), mul(ofFirst, second)), 1)
    ]
  },

  Reshape: ({ gradient }, _, x) => [reshape(gradient, x.shape)],
  Expand: ({ gradient }, _, x) => [unbroadcast(gradient, x)],
  Transpose: ({ gradient }, { axes }) => [
    transpose(
      gradient,
      axes.map((_, axis) => axes.indexOf(axis))
    )
  ],
  Slice: ({ gradient }, { axis, start }, x) => [pad(gradient, axis, start, dimensionAt(x.shape, axis))],
  Pad: ({ gradient }, { axis, before }, x) => {
    const size = dimensionAt(x.shape, axis)
    return [gather(gradient, add(range(size), before), axis)]
  },
  Concat: ({ gradient }, { axis }, ...parts) =>
    split(
      gradient,
      axis,
      parts.map((part) => dimensionAt(part.shape, axis))
    ),
  Split: ({ outputs, gradients: parts }, { axis }) => [
    concat(
      outputs.map(({ element, shape }, index) => parts[index] ?? zeros(element, shape)),
      axis
    )
  ],
  Gather: ({ gradient }, { axis }, x, index) => {
    const rank = x.shape.length
    const indexAxes = index.shape.map((_, position) => axis + position)
    const others = gradient.shape.keys().filter((position) => !indexAxes.includes(position))
    const rows = scatterRows(index, transpose(gradient, [...indexAxes, ...others]), dimensionAt(x.shape, axis))
    const order = inFront(axis, rank)
    return [
      transpose(
        rows,
        order.map((_, position) => order.indexOf(position))
      )
    ]
  },
  GatherElements: ({ gradient }, { axis }, x, index) => [
    scatterElements(index, gradient, axis, dimensionAt(x.shape, axis))
  ],
  ScatterRows: ({ gradient }, _, index) => [undefined, gather(gradient, index)],
  ScatterElements: ({ gradient }, { axis }, index) => [undefined, gatherElements(gradient, index, axis)],
  GatherRows: ({ gradient }, { indexHasGaps, inverseHasGaps }, _, index, inverse) => [
    apply({ name: "GatherRows", indexHasGaps: inverseHasGaps, inverseHasGaps: indexHasGaps }, gradient, inverse, index)
  ],

  ArgMax: none,
  Range: none,
  DimensionSize: none,

  StopGradient: none,
  KnownGradient: ({ gradient }, _, __, ...pairs) => [
    undefined,
    ...pairs.slice(0, pairs.length / 2).map((_, index) => {
      const known = pairs[index + pairs.length / 2]
      return known === undefined ? undefined : mul(gradient, known)
    })
  ],
  Recompute: ({ gradient, pullBack }, _, value, ...boundary) => {
    // Each waits by itself: of those that the gradient has no need of, none is kept.
    const again = boundary.map((tensor) => normalizedAgain(gradient, tensor) ?? after(gradient, tensor))
    const replacements = new Map(boundary.map((tensor, index) => [tensor, again[index] ?? tensor]))
    return [undefined, ...pullBack(substitute(value, replacements), gradient, again)]
  },
  Barrier: ({ gradient }) => [undefined, gradient]
}

/** The gradients of an operator's inputs; undefined where there is none. */
export const inputGradients = <Name extends OperatorName>(
  operator: OperatorOf<Name>,
  flow: Omit<Flow, "output" | "gradient">,
  inputs: ReadonlyArray<Tensor>
): ReadonlyArray<Tensor | undefined> => {
  const rule: Gradient<Name> = gradients[operator.name]
  const {
    outputs: [output],
    gradients: [gradient]
  } = flow
  if (output === undefined) throw new Error(`internal: ${operator.name} has no result`)
  return rule({ ...flow, output, gradient: gradient ?? zeros(output.element, output.shape) }, operator, ...inputs)
}
