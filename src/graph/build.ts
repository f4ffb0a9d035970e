/** The functions that graphs are written with: symbols in, symbols out, shapes checked at once, nothing computed. */
import { ShapeMismatch } from "./Errors.ts"
import { infer } from "./inference.ts"
import type { Operator, Tensor } from "./Operator.ts"
import { dimensionAt, normalizeAxis, sameShape, show } from "./shapes.ts"
import {
  type ConstantData,
  type Dimension,
  type Element,
  elementBytes,
  type Shape,
  type StoredMatrix,
  type WeightLocation
} from "./Tensor.ts"

/** A tensor, or a number that becomes a scalar of the other operand's element type. */
export type Operand = Tensor | number

/** A value fed at each run. */
export const input = (name: string, element: Element, shape: Shape): Tensor => ({
  element,
  shape,
  producer: { kind: "input", name }
})

/**
 * Rows of a matrix that stays in its file: [n, columns] for `numbers` [n], an input of int32 that nothing else reads. It
 * is what `gather` gives of a weight, where the whole weight would be mapped into memory; of bfloat16, in float32.
 */
export const storedRows = (matrix: StoredMatrix, { element, producer, shape }: Tensor): Tensor => {
  if (producer.kind !== "input" || element !== "int32") throw new Error("internal: rows by no input of int32")
  return {
    element: matrix.element === "bfloat16" ? "float32" : matrix.element,
    shape: [...shape, matrix.columns],
    producer: { ...producer, rowsOf: matrix }
  }
}

/** A value read from a file when the graph is loaded. Throws ShapeMismatch if the shape needs more or fewer bytes. */
export const weight = (
  name: string,
  element: Element,
  shape: ReadonlyArray<number>,
  location: WeightLocation
): Tensor => {
  const bytes = elementBytes[element] * shape.reduce((all, size) => all * size, 1)
  if (bytes !== location.length) {
    throw new ShapeMismatch({
      operator: `weight "${name}"`,
      expected: `${bytes} bytes for ${element} ${show(shape)}`,
      found: `${location.length} bytes in ${location.file}`
    })
  }
  return { element, shape, producer: { kind: "weight", name, location } }
}

/** The element type whose array carries constants of each element type. */
const carriers: { readonly [E in Element]: Element } = {
  float32: "float32",
  float16: "float32",
  bfloat16: "float32",
  int32: "int32",
  int64: "int64",
  uint32: "uint32",
  uint8: "uint8",
  bool: "bool"
}

/** A value written into the graph itself, row-major. float16 and bfloat16 are given as float32 and rounded. */
export const constant = (element: Element, shape: ReadonlyArray<number>, data: ConstantData): Tensor => {
  const count = shape.reduce((all, size) => all * size, 1)
  if (data.length !== count) {
    throw new ShapeMismatch({
      operator: "constant",
      expected: `${count} values for ${show(shape)}`,
      found: String(data.length)
    })
  }
  return cast({ element: carriers[element], shape, producer: { kind: "constant", data } }, element)
}

const scalarData: { readonly [E in Element]: (value: number) => ConstantData } = {
  float32: (value) => Float32Array.of(value),
  float16: (value) => Float32Array.of(value),
  bfloat16: (value) => Float32Array.of(value),
  int32: (value) => Int32Array.of(value),
  int64: (value) => BigInt64Array.of(BigInt(value)),
  uint32: (value) => Uint32Array.of(value),
  uint8: (value) => Uint8Array.of(value),
  bool: (value) => Uint8Array.of(value)
}

/** A constant of shape []. */
export const scalar = (value: number, element: Element = "float32"): Tensor =>
  constant(element, [], scalarData[element](value))

/** Every result of an operator. All other functions are written with it. */
export const applyAll = (operator: Operator, ...inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  const outputs: Array<Tensor> = []
  infer(operator, inputs).forEach((type, output) => {
    outputs.push({ ...type, producer: { kind: "operator", operator, inputs, outputs, output } })
  })
  return outputs
}

/** The first result of an operator. */
export const apply = (operator: Operator, ...inputs: ReadonlyArray<Tensor>): Tensor => {
  const [first] = applyAll(operator, ...inputs)
  if (first === undefined) throw new Error(`internal: ${operator.name} has no result`)
  return first
}

// Element by element

export const neg = (x: Tensor): Tensor => apply({ name: "Neg" }, x)
/** Absolute value; gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => apply({ name: "Abs" }, x)
export const exp = (x: Tensor): Tensor => apply({ name: "Exp" }, x)
export const log = (x: Tensor): Tensor => apply({ name: "Log" }, x)
export const sqrt = (x: Tensor): Tensor => apply({ name: "Sqrt" }, x)
export const reciprocal = (x: Tensor): Tensor => apply({ name: "Reciprocal" }, x)
export const tanh = (x: Tensor): Tensor => apply({ name: "Tanh" }, x)
export const erf = (x: Tensor): Tensor => apply({ name: "Erf" }, x)
export const sigmoid = (x: Tensor): Tensor => apply({ name: "Sigmoid" }, x)
export const cos = (x: Tensor): Tensor => apply({ name: "Cos" }, x)
export const sin = (x: Tensor): Tensor => apply({ name: "Sin" }, x)
/** max(x, 0); gradient 0 at 0. */
export const relu = (x: Tensor): Tensor => apply({ name: "Relu" }, x)
/** x Φ(x), or its approximation by tanh (Hendrycks and Gimpel, 2016). */
export const gelu = (x: Tensor, approximate: "none" | "tanh" = "none"): Tensor =>
  apply({ name: "Gelu", approximate }, x)
/** x sigmoid(x). */
export const silu = (x: Tensor): Tensor => mul(x, sigmoid(x))
/** x raised to a number. */
export const pow = (x: Tensor, exponent: number): Tensor => apply({ name: "Pow", exponent }, x)
export const not = (x: Tensor): Tensor => apply({ name: "Not" }, x)

/** The tensor in another element type; itself where it has that type. Gradients flow between float types only. */
export const cast = (x: Tensor, element: Element): Tensor =>
  x.element === element ? x : apply({ name: "Cast", to: element }, x)

const operands = (a: Operand, b: Operand): readonly [Tensor, Tensor] => {
  if (typeof a !== "number") return [a, typeof b === "number" ? scalar(b, a.element) : b]
  return typeof b === "number" ? [scalar(a), scalar(b)] : [scalar(a, b.element), b]
}

type PlainBinary =
  | "Add"
  | "Sub"
  | "Mul"
  | "Div"
  | "Max"
  | "Min"
  | "Greater"
  | "Less"
  | "Equal"
  | "And"
  | "Or"
  | "BitwiseAnd"
  | "BitwiseXor"

/** Element by element with numpy's broadcasting. */
const binary =
  (name: PlainBinary) =>
  (a: Operand, b: Operand): Tensor =>
    apply({ name }, ...operands(a, b))

export const add = binary("Add")
export const sub = binary("Sub")
export const mul = binary("Mul")
export const div = binary("Div")
/** The larger of two; a tie shares the gradient in halves. */
export const maximum = binary("Max")
/** The smaller of two; a tie shares the gradient in halves. */
export const minimum = binary("Min")
export const greater = binary("Greater")
export const less = binary("Less")
export const equal = binary("Equal")
export const and = binary("And")
export const or = binary("Or")
export const bitwiseAnd = binary("BitwiseAnd")
export const bitwiseXor = binary("BitwiseXor")
/** Unsigned elements only; zeros come in. */
export const shiftLeft = (x: Tensor, bits: Operand): Tensor =>
  apply({ name: "BitShift", direction: "LEFT" }, ...operands(x, bits))
/** Unsigned elements only; zeros come in. */
export const shiftRight = (x: Tensor, bits: Operand): Tensor =>
  apply({ name: "BitShift", direction: "RIGHT" }, ...operands(x, bits))
/** a where the condition holds, b elsewhere. */
export const where = (condition: Tensor, a: Operand, b: Operand): Tensor =>
  apply({ name: "Where" }, condition, ...operands(a, b))

// Products

/** Matrix product over the last two axes; leading axes broadcast. */
export const matmul = (a: Tensor, b: Tensor): Tensor => apply({ name: "MatMul" }, a, b)

export interface GemmOptions {
  readonly transA?: boolean
  readonly transB?: boolean
  /** Factor of the product. */
  readonly alpha?: number
  /** Added to the product, broadcast to its shape. */
  readonly plus?: Tensor
}

/** alpha A B + C for matrices, A and B read transposed where asked, which costs nothing. */
export const gemm = (
  a: Tensor,
  b: Tensor,
  { transA = false, transB = false, alpha = 1, plus }: GemmOptions = {}
): Tensor => apply({ name: "Gemm", transA, transB, alpha }, a, b, ...(plus === undefined ? [] : [plus]))

/**
 * x wᵀ + bias: x [tokens, in], w [out, in], bias [out] → [tokens, out]. Forward and backward read the same w in
 * place: a transposed copy of a weight would be kept in memory beside the weight.
 */
export const linear = (x: Tensor, w: Tensor, bias?: Tensor): Tensor =>
  gemm(x, w, bias === undefined ? { transB: true } : { transB: true, plus: bias })

// Along axes

type Axes = number | ReadonlyArray<number>

const reduce =
  (name: "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceLogSum") =>
  (x: Tensor, axes?: Axes, keepDims = false): Tensor => {
    const given = axes === undefined ? x.shape.keys().toArray() : typeof axes === "number" ? [axes] : axes
    const normalized = given.map((axis) => normalizeAxis(name, axis, x.shape.length)).toSorted((a, b) => a - b)
    return normalized.length === 0 ? x : apply({ name, axes: normalized, keepDims }, x)
  }

/** Over all axes where none is given. */
export const sum = reduce("ReduceSum")
/** Over all axes where none is given. */
export const mean = reduce("ReduceMean")
/** Over all axes where none is given; ties share the gradient evenly. */
export const max = reduce("ReduceMax")
/** The logarithm of the sum; over all axes where none is given. */
export const logSum = reduce("ReduceLogSum")

/** Where along an axis the largest value stands, the first of several: int64. */
export const argMax = (x: Tensor, axis = -1): Tensor =>
  apply({ name: "ArgMax", axis: normalizeAxis("ArgMax", axis, x.shape.length) }, x)

export const softmax = (x: Tensor, axis = -1): Tensor =>
  apply({ name: "Softmax", axis: normalizeAxis("Softmax", axis, x.shape.length) }, x)

/** The WebGPU provider leaves this one to the CPU: meant for narrow rows, not for those of a vocabulary. */
export const logSoftmax = (x: Tensor, axis = -1): Tensor =>
  apply({ name: "LogSoftmax", axis: normalizeAxis("LogSoftmax", axis, x.shape.length) }, x)

/** (x - mean) / sqrt(variance + epsilon) * scale + bias over the last axis; scale and bias [size]. */
export const layerNorm = (x: Tensor, scale: Tensor, bias: Tensor | undefined, epsilon: number): Tensor =>
  apply({ name: "LayerNormalization", epsilon }, x, scale, ...(bias === undefined ? [] : [bias]))

/** x / sqrt(mean of squares + epsilon) * scale over the last axis; scale [size]. */
export const rmsNorm = (x: Tensor, scale: Tensor, epsilon: number): Tensor =>
  apply({ name: "RMSNormalization", epsilon }, x, scale)

/**
 * Turns pairs of elements of each head by an angle of the token's (Su et al., 2021): x [tokens, heads, size], cosine and
 * sine [tokens, half]. Element i < half is paired with element half + i; elements from 2 half on stay as they are.
 */
export const rotaryEmbedding = (x: Tensor, cosine: Tensor, sine: Tensor): Tensor =>
  apply({ name: "RotaryEmbedding" }, x, cosine, sine)

// Shape

/**
 * The same elements, row-major, in another shape. Names are kept, moved, or, where names of x are missing from `shape`,
 * replaced by others: at most one of these may be new to the graph, and the run decides its size.
 */
export const reshape = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : apply({ name: "Reshape", shape }, x)

/** Inserts an axis of size 1. */
export const unsqueeze = (x: Tensor, axis: number): Tensor =>
  reshape(x, x.shape.toSpliced(normalizeAxis("unsqueeze", axis, x.shape.length + 1), 0, 1))

/** Repeats x to a shape that it broadcasts to. Names may be any that the graph's inputs have. */
export const expand = (x: Tensor, shape: Shape): Tensor =>
  sameShape(x.shape, shape) ? x : apply({ name: "Expand", shape }, x)

/** Axis `axes[i]` of x becomes axis i. Transposes that follow each other are one, or none where they undo each other. */
export const transpose = (x: Tensor, axes: ReadonlyArray<number>): Tensor => {
  const order = axes.map((axis) => normalizeAxis("Transpose", axis, x.shape.length))
  const { producer } = x
  if (producer.kind === "operator" && producer.operator.name === "Transpose") {
    const [source] = producer.inputs
    const before = producer.operator.axes
    if (source !== undefined) {
      return transpose(
        source,
        order.map((axis) => before[axis] ?? axis)
      )
    }
  }
  const isIdentity = order.length === x.shape.length && order.every((axis, position) => axis === position)
  return isIdentity ? x : apply({ name: "Transpose", axes: order }, x)
}

/**
 * Elements `start` (inclusive) to `end` (exclusive; negative from the back; absent: all) along an axis. On a named axis
 * the result has size `end - start`, and runs must feed at least `end`.
 */
export const slice = (x: Tensor, axis: number, start: number, end?: number): Tensor =>
  apply({ name: "Slice", axis: normalizeAxis("Slice", axis, x.shape.length), start, end }, x)

/** Zeros before and after along an axis, up to the size `total`. */
export const pad = (x: Tensor, axis: number, before: number, total: Dimension): Tensor =>
  apply({ name: "Pad", axis: normalizeAxis("Pad", axis, x.shape.length), before, total }, x)

/** One after the other along an axis; a named result is called by its parts: "past+length". */
export const concat = (parts: ReadonlyArray<Tensor>, axis: number): Tensor =>
  apply({ name: "Concat", axis: normalizeAxis("Concat", axis, parts[0]?.shape.length ?? 0) }, ...parts)

/** Cuts an axis into parts of the sizes given. */
export const split = (x: Tensor, axis: number, sizes: ReadonlyArray<Dimension>): ReadonlyArray<Tensor> =>
  applyAll({ name: "Split", axis: normalizeAxis("Split", axis, x.shape.length), sizes }, x)

/** 0, 1, 2, ... up to a size, which may be a name. */
export const range = (length: Dimension, element: "int32" | "int64" | "float32" = "int32"): Tensor =>
  apply({ name: "Range", length, element })

/** The size of an axis as an int64 scalar. */
export const dimension = (x: Tensor, axis: number): Tensor => {
  const normalized = normalizeAxis("dimension", axis, x.shape.length)
  const size = dimensionAt(x.shape, normalized)
  return typeof size === "number" ? scalar(size, "int64") : apply({ name: "DimensionSize", axis: normalized }, x)
}

/** Zeros of any shape, named or not. */
export const zeros = (element: Element, shape: Shape): Tensor => expand(scalar(0, element), shape)

// Selection by index

/**
 * x at `index` (int32 or int64) along an axis, which the axes of the index replace. The gradient adds up what one entry
 * of x was read for.
 */
export const gather = (x: Tensor, index: Tensor, axis = 0): Tensor =>
  apply({ name: "Gather", axis: normalizeAxis("Gather", axis, x.shape.length) }, x, index)

/** result[..., i, ...] = x[..., index[..., i, ...], ...] along an axis; index has x's shape but for that axis. */
export const gatherElements = (x: Tensor, index: Tensor, axis: number): Tensor =>
  apply({ name: "GatherElements", axis: normalizeAxis("GatherElements", axis, x.shape.length) }, x, index)

/** Zeros [rows, ...rest] to which updates [...index shape, ...rest] are added: the transpose of `gather` at axis 0. */
export const scatterRows = (index: Tensor, updates: Tensor, rows: Dimension): Tensor =>
  apply({ name: "ScatterRows", rows }, index, updates)

/** Zeros with `size` along an axis to which updates are added at index: the transpose of `gatherElements`. */
export const scatterElements = (index: Tensor, updates: Tensor, axis: number, size: Dimension): Tensor =>
  apply(
    { name: "ScatterElements", axis: normalizeAxis("ScatterElements", axis, updates.shape.length), size },
    index,
    updates
  )

/** Which row stands at each place, int32. With gaps, -1 marks a place where no row stands. */
export interface Rows {
  readonly index: Tensor
  readonly gaps: boolean
}

/**
 * Rows by index when the way back is known: x [...places of inverse, ...rest] → [...places of index, ...rest], where
 * places are counted row-major over the leading axes, and -1 in the index gives zeros. inverse tells for each row of x
 * at which place of the result it went, -1 for nowhere. So the gradient is a gather too, by the inverse, much faster
 * than scattering.
 *
 * Right when index and inverse are one partial bijection seen from both ends: no row is read twice,
 * inverse[index[p]] = p and index[inverse[i]] = i wherever they are not -1. `gaps: false` promises that no entry is -1,
 * or that nobody counts on zeros there (some row of x stands in their place), and saves a pass over the data.
 *
 * Token-major to padded: index [sequences, length] with gaps, inverse [tokens] without:
 * [tokens, hidden] → [sequences, length, hidden]. Back: the same two, swapped.
 */
export const gatherRows = (x: Tensor, index: Rows, inverse: Rows): Tensor =>
  apply({ name: "GatherRows", indexHasGaps: index.gaps, inverseHasGaps: inverse.gaps }, x, index.index, inverse.index)

// Control of gradients

/** The value, with no gradient to what it was made of. */
export const stopGradient = (x: Tensor): Tensor => apply({ name: "StopGradient" }, x)

/**
 * A scalar whose gradients were computed beside it: differentiating it goes on from these tensors, and not through the
 * way the value was computed. What is not in the list gets no gradient.
 */
export const withGradient = (
  value: Tensor,
  gradients: ReadonlyArray<readonly [tensor: Tensor, gradient: Tensor]>
): Tensor =>
  apply(
    { name: "KnownGradient" },
    value,
    ...gradients.map(([tensor]) => tensor),
    ...gradients.map(([, gradient]) => gradient)
  )

/** A tensor as it is, but not before `until` is computed; nothing made of it is shared with what was made before. */
export const after = (until: Tensor, x: Tensor): Tensor => apply({ name: "Barrier" }, until, x)
