/** The closed set of operators that a graph is made of: ONNX names, with the attributes of each. */
import type { Dimension, Element, Shape, Tensor as TensorOf } from "./Tensor.ts"

type None = Readonly<Record<never, never>>
interface Axis {
  readonly axis: number
}
interface Reduction {
  readonly axes: ReadonlyArray<number>
  readonly keepDims: boolean
}
interface Shaped {
  readonly shape: Shape
}
interface Normalization {
  readonly epsilon: number
}

/** Attributes by operator name. Axes are counted from the front: the functions in `build.ts` see to that. */
export interface Attributes {
  readonly Neg: None
  readonly Abs: None
  readonly Exp: None
  readonly Log: None
  readonly Sqrt: None
  readonly Reciprocal: None
  readonly Tanh: None
  readonly Erf: None
  readonly Sigmoid: None
  readonly Cos: None
  readonly Sin: None
  readonly Relu: None
  readonly Not: None
  readonly Gelu: { readonly approximate: "none" | "tanh" }
  readonly Pow: { readonly exponent: number }
  readonly Cast: { readonly to: Element }

  readonly Add: None
  readonly Sub: None
  readonly Mul: None
  readonly Div: None
  readonly Max: None
  readonly Min: None
  readonly Greater: None
  readonly Less: None
  readonly Equal: None
  readonly And: None
  readonly Or: None
  readonly BitwiseAnd: None
  readonly BitwiseXor: None
  readonly BitShift: { readonly direction: "LEFT" | "RIGHT" }
  readonly Where: None

  readonly MatMul: None
  readonly Gemm: { readonly transA: boolean; readonly transB: boolean; readonly alpha: number }

  readonly ReduceSum: Reduction
  readonly ReduceMean: Reduction
  readonly ReduceMax: Reduction
  readonly ReduceLogSum: Reduction
  readonly ArgMax: Axis
  readonly Softmax: Axis
  readonly LogSoftmax: Axis
  /** Results: the normalised tensor, then mean and inverse standard deviation along the last axis (kept as 1). */
  readonly LayerNormalization: Normalization
  readonly RMSNormalization: Normalization
  /** Inputs: x, cosine, sine. See `rotaryEmbedding` in `build.ts`. */
  readonly RotaryEmbedding: None

  readonly Reshape: Shaped
  readonly Expand: Shaped
  readonly Transpose: { readonly axes: ReadonlyArray<number> }
  /** `end` counts from the back when negative and is absent for "to the end". */
  readonly Slice: Axis & { readonly start: number; readonly end: number | undefined }
  /** Zeros before and after, up to the size `total`. */
  readonly Pad: Axis & { readonly before: number; readonly total: Dimension }
  readonly Concat: Axis
  readonly Split: Axis & { readonly sizes: ReadonlyArray<Dimension> }
  readonly Gather: Axis
  readonly GatherElements: Axis
  /** Inputs: row indices, and for each a row, added into zeros of size `rows`. */
  readonly ScatterRows: { readonly rows: Dimension }
  /** Inputs: indices along the axis and values of the same shape, added into zeros of that `size`. */
  readonly ScatterElements: Axis & { readonly size: Dimension }
  /** Inputs: rows, index, inverse. See `gatherRows` in `build.ts`. */
  readonly GatherRows: { readonly indexHasGaps: boolean; readonly inverseHasGaps: boolean }

  readonly Range: { readonly length: Dimension; readonly element: "int32" | "int64" | "float32" }
  readonly DimensionSize: Axis

  readonly StopGradient: None
  /** Inputs: a scalar, then n tensors, then the n gradients of the scalar with respect to them. */
  readonly KnownGradient: None
  /** Inputs: a value, then tensors that part it from all else it was made of. See `recompute.ts`. */
  readonly Recompute: None
  /** Inputs: a tensor to wait for, then the one that is the result. See `after` in `build.ts`. */
  readonly Barrier: None
}

export type OperatorName = keyof Attributes

/** The operator of one name. */
export type OperatorOf<Name extends OperatorName> = { readonly name: Name } & Attributes[Name]

export type Operator = { [Name in OperatorName]: OperatorOf<Name> }[OperatorName]

/** A symbol of this operator set: what every function of this room takes and gives. */
export type Tensor = TensorOf<Operator>
