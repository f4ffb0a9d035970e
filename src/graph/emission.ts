/** How every operator is written as ONNX nodes (operator set 23). */
import {
  type Emitter,
  expand,
  float,
  floatScalar,
  int,
  int64Scalar,
  ints,
  names,
  onnxElements,
  reshape,
  shapeVector,
  single,
  sizeOf,
  text,
  vector,
  zeros,
  type Value
} from "./emitter.ts"
import type { OperatorName, OperatorOf } from "./Operator.ts"
import { dimensionAt } from "./shapes.ts"

/** Writes an operator and gives the names of its results. */
type Emission<Name extends OperatorName> = (
  emitter: Emitter,
  operator: OperatorOf<Name>,
  ...inputs: ReadonlyArray<Value>
) => ReadonlyArray<string>

/** An operator that ONNX knows by the same name, with no attributes. */
const same = (emitter: Emitter, operator: { readonly name: string }, ...inputs: ReadonlyArray<Value>) =>
  emitter.node(operator.name, names(inputs))

const withAxis = (
  emitter: Emitter,
  operator: { readonly name: string; readonly axis: number },
  ...inputs: ReadonlyArray<Value>
) => emitter.node(operator.name, names(inputs), { axis: int(operator.axis) })

const reduction = (
  emitter: Emitter,
  operator: { readonly name: string; readonly axes: ReadonlyArray<number>; readonly keepDims: boolean },
  x: Value
) => emitter.node(operator.name, [x.name, vector(emitter, operator.axes)], { keepdims: int(operator.keepDims) })

const longest = 2 ** 53 - 1

const emissions: { readonly [Name in OperatorName]: Emission<Name> } = {
  Neg: same,
  Abs: same,
  Exp: same,
  Log: same,
  Sqrt: same,
  Reciprocal: same,
  Tanh: same,
  Erf: same,
  Sigmoid: same,
  Cos: same,
  Sin: same,
  Relu: same,
  Not: same,
  Gelu: (emitter, { approximate }, x) => emitter.node("Gelu", [x.name], { approximate: text(approximate) }),
  Pow: (emitter, { exponent }, x) => emitter.node("Pow", [x.name, floatScalar(emitter, exponent, x.element)]),
  Cast: (emitter, { to }, x) => emitter.node("Cast", [x.name], { to: int(onnxElements[to]) }),

  Add: same,
  Sub: same,
  Mul: same,
  Div: same,
  Max: same,
  Min: same,
  Greater: same,
  Less: same,
  Equal: same,
  And: same,
  Or: same,
  BitwiseAnd: same,
  BitwiseXor: same,
  BitShift: (emitter, { direction }, x, bits) =>
    emitter.node("BitShift", [x.name, bits.name], { direction: text(direction) }),
  Where: same,

  MatMul: same,
  Gemm: (emitter, { transA, transB, alpha }, ...inputs) =>
    emitter.node("Gemm", names(inputs), { alpha: float(alpha), transA: int(transA), transB: int(transB) }),

  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceLogSum: reduction,
  ArgMax: (emitter, { axis }, x) => emitter.node("ArgMax", [x.name], { axis: int(axis), keepdims: int(0) }),
  Softmax: withAxis,
  LogSoftmax: withAxis,
  LayerNormalization: (emitter, { epsilon }, ...inputs) =>
    emitter.node("LayerNormalization", names(inputs), { axis: int(-1), epsilon: float(epsilon) }, emitter.results),
  RMSNormalization: (emitter, { epsilon }, ...inputs) =>
    emitter.node("RMSNormalization", names(inputs), { axis: int(-1), epsilon: float(epsilon) }),

  // Every token is a sequence of its own, for the runtime refuses sequences longer than a table of angles would be.
  RotaryEmbedding: (emitter, _, x, cosine, sine) => {
    const [tokens = 1, heads = 1, size = 1] = x.shape
    const half = dimensionAt(cosine.shape, 1)
    const rotated = 2 * Number(half)
    const [turned = x.name] = emitter.node(
      "RotaryEmbedding",
      [
        reshape(emitter, x, [tokens, heads, 1, size]),
        reshape(emitter, cosine, [tokens, 1, half]),
        reshape(emitter, sine, [tokens, 1, half])
      ],
      { rotary_embedding_dim: int(rotated === size ? 0 : rotated) }
    )
    return [reshape(emitter, { ...x, name: turned, shape: [tokens, heads, 1, size] }, x.shape)]
  },

  Reshape: (emitter, { shape }, x) => [reshape(emitter, x, shape)],
  Expand: (emitter, { shape }, x) => [expand(emitter, "Expand", x, shape)],
  Transpose: (emitter, { axes }, x) => emitter.node("Transpose", [x.name], { perm: ints(axes) }),
  Slice: (emitter, { axis, start, end }, x) =>
    emitter.node("Slice", [
      x.name,
      vector(emitter, [start]),
      vector(emitter, [end ?? longest]),
      vector(emitter, [axis])
    ]),
  Pad: (emitter, { axis, before, total }, x) => {
    const size = dimensionAt(x.shape, axis)
    const after =
      typeof total === "number" && typeof size === "number"
        ? vector(emitter, [total - before - size])
        : single(emitter, "Sub", [
            single(emitter, "Sub", [sizeOf(emitter, "Pad", total), vector(emitter, [before])]),
            single(emitter, "Shape", [x.name], { start: int(axis), end: int(axis + 1) })
          ])
    const others = x.shape.length - 1
    const leading = vector(emitter, [...Array(axis).fill(0), before, ...Array(others).fill(0)])
    const trailing = vector(emitter, Array(others - axis).fill(0))
    const pads = single(emitter, "Concat", [leading, after, trailing], { axis: int(0) })
    return emitter.node("Pad", [x.name, pads, floatScalar(emitter, 0, x.element)])
  },
  Concat: withAxis,
  Split: (emitter, { axis, sizes }, x) =>
    emitter.node("Split", [x.name, shapeVector(emitter, "Split", sizes)], { axis: int(axis) }, sizes.length),
  Gather: withAxis,
  GatherElements: withAxis,
  // ScatterND would take the indices as they are, but on a CPU its threads race for rows that meet.
  ScatterRows: (emitter, { rows }, index, updates) => {
    const rest = updates.shape.slice(index.shape.length)
    const added = index.shape.length === 1 ? updates.name : reshape(emitter, updates, ["", ...rest])
    const column = single(emitter, "Reshape", [index.name, vector(emitter, [-1, ...rest.map(() => 1)])])
    const everywhere = single(emitter, "Expand", [column, single(emitter, "Shape", [added])])
    const base = zeros(emitter, "ScatterRows", updates.element, [rows, ...rest])
    return emitter.node("ScatterElements", [base, everywhere, added], { axis: int(0), reduction: text("add") })
  },
  ScatterElements: (emitter, { axis, size }, index, updates) => {
    const base = zeros(emitter, "ScatterElements", updates.element, updates.shape.with(axis, size))
    return emitter.node("ScatterElements", [base, index.name, updates.name], {
      axis: int(axis),
      reduction: text("add")
    })
  },
  GatherRows: (emitter, { indexHasGaps }, x, index, inverse) => {
    const rest = x.shape.slice(inverse.shape.length)
    const rows = inverse.shape.length === 1 ? x.name : reshape(emitter, x, ["", ...rest])
    const gathered = single(emitter, "Gather", [rows, index.name], { axis: int(0) })
    if (!indexHasGaps) return [gathered]
    const gap = single(emitter, "Equal", [index.name, emitter.constant("int32", [], Int32Array.of(-1))])
    const axes = vector(
      emitter,
      rest.map((_, axis) => index.shape.length + axis)
    )
    const gapRows = rest.length === 0 ? gap : single(emitter, "Unsqueeze", [gap, axes])
    return emitter.node("Where", [gapRows, floatScalar(emitter, 0, x.element), gathered])
  },

  Range: (emitter, { name, length, element }) => {
    const limit = single(emitter, "Squeeze", [sizeOf(emitter, name, length)])
    const range = single(emitter, "Range", [int64Scalar(emitter, 0), limit, int64Scalar(emitter, 1)])
    return [element === "int64" ? range : single(emitter, "Cast", [range], { to: int(onnxElements[element]) })]
  },
  DimensionSize: (emitter, { axis }, x) => {
    const size = single(emitter, "Shape", [x.name], { start: int(axis), end: int(axis + 1) })
    return emitter.node("Squeeze", [size])
  },

  StopGradient: (_, __, x) => [x.name],
  KnownGradient: (_, __, value) => [value.name],
  Recompute: (_, __, value) => [value.name],
  // A reshape copies nothing, and one to sizes that another tensor's size takes part in waits for that tensor. The
  // runtime does not know that a size less itself is 0, so it neither leaves the reshape out nor takes it for another.
  Barrier: (emitter, _, until, { name }) => {
    const size = single(emitter, "Size", [until.name])
    const nothing = single(emitter, "Sub", [size, size])
    const shape = single(emitter, "Add", [single(emitter, "Shape", [name]), nothing])
    return emitter.node("Reshape", [name, shape], { allowzero: int(true) })
  }
}

/** Writes an operator to the emitter and gives the names of its results. Throws UnknownDimension. */
export const emit = <Name extends OperatorName>(
  emitter: Emitter,
  operator: OperatorOf<Name>,
  inputs: ReadonlyArray<Value>
): ReadonlyArray<string> => {
  const emission: Emission<Name> = emissions[operator.name]
  return emission(emitter, operator, ...inputs)
}

/** How many inputs of an operator its emission reads; the others exist for differentiation alone. */
export const readInputs = (operator: { readonly name: OperatorName }, count: number): number =>
  operator.name === "KnownGradient" || operator.name === "Recompute" ? 1 : count
