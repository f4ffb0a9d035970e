/** What nodes are written with: attributes, constants, and shapes put together from the sizes that a run knows. */
import { UnknownDimension } from "./Errors.ts"
import type { ConstantData, Dimension, Element, Shape, Type } from "./Tensor.ts"

/** A node's attribute, of the kinds that this operator set needs. */
export type Attribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "ints"; readonly value: ReadonlyArray<number> }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "text"; readonly value: string }

export type NodeAttributes = Readonly<Record<string, Attribute>>

/** A tensor that has a name in the ONNX graph. */
export interface Value extends Type {
  readonly name: string
}

/** Where nodes are written to. */
export interface Emitter {
  /** Adds a node and gives the names of its results. */
  readonly node: (
    type: string,
    inputs: ReadonlyArray<string>,
    attributes?: NodeAttributes,
    results?: number
  ) => ReadonlyArray<string>
  /** A constant of the graph. */
  readonly constant: (element: Element, shape: ReadonlyArray<number>, data: ConstantData) => string
  /** The size of a named dimension as int64 [1], or undefined if no tensor so far has it. */
  readonly size: (dimension: string) => string | undefined
  readonly knownDimensions: () => ReadonlyArray<string>
  /** How many results of the present operator, counted from the first, are read by anyone. */
  readonly results: number
}

export const int = (value: number | boolean): Attribute => ({ kind: "int", value: Number(value) })
export const ints = (value: ReadonlyArray<number>): Attribute => ({ kind: "ints", value })
export const float = (value: number): Attribute => ({ kind: "float", value })
export const text = (value: string): Attribute => ({ kind: "text", value })

export const names = (values: ReadonlyArray<Value>): ReadonlyArray<string> => values.map(({ name }) => name)

export const vector = (emitter: Emitter, values: ReadonlyArray<number>): string =>
  emitter.constant("int64", [values.length], BigInt64Array.from(values, BigInt))

export const int64Scalar = (emitter: Emitter, value: number): string =>
  emitter.constant("int64", [], BigInt64Array.of(BigInt(value)))

/** The only result of a node. */
export const single = (
  emitter: Emitter,
  type: string,
  inputs: ReadonlyArray<string>,
  attributes?: NodeAttributes
): string => {
  const [result] = emitter.node(type, inputs, attributes)
  if (result === undefined) throw new Error(`internal: node ${type} has no result`)
  return result
}

export const floatScalar = (emitter: Emitter, value: number, element: Element): string => {
  const constant = emitter.constant("float32", [], Float32Array.of(value))
  return element === "float32" ? constant : single(emitter, "Cast", [constant], { to: int(onnxElements[element]) })
}

/** Numbers of ONNX's TensorProto.DataType. */
export const onnxElements: { readonly [E in Element]: number } = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  uint32: 12,
  bfloat16: 16
}

/** A dimension's size as int64 [1]. */
export const sizeOf = (emitter: Emitter, operator: string, dimension: Dimension): string => {
  if (typeof dimension === "number") return vector(emitter, [dimension])
  const size = emitter.size(dimension)
  if (size === undefined) throw new UnknownDimension({ operator, dimension, known: emitter.knownDimensions() })
  return size
}

/** A shape as an int64 vector: a constant where all sizes are numbers, else put together from what the run knows. */
export const shapeVector = (emitter: Emitter, operator: string, shape: Shape): string => {
  if (shape.every((dimension) => typeof dimension === "number")) return vector(emitter, shape)
  const parts = shape.map((dimension) => sizeOf(emitter, operator, dimension))
  const [first, ...others] = parts
  return first !== undefined && others.length === 0 ? first : single(emitter, "Concat", parts, { axis: int(0) })
}

/**
 * ONNX copies a dimension that stands where it stood (0) and computes one from the others (-1), which fails on empty
 * tensors; so -1 serves one named dimension among numbers, or a name that nothing else can tell, and all else is
 * computed from sizes.
 */
export const reshape = (emitter: Emitter, x: Value, shape: Shape): string => {
  const inPlace = (dimension: Dimension, axis: number) => typeof dimension === "string" && x.shape[axis] === dimension
  const moved = shape.filter((dimension, axis) => typeof dimension === "string" && !inPlace(dimension, axis))
  const copied = shape.some(inPlace)
  if (moved.length === 0 || (moved.length === 1 && !copied)) {
    const sizes = shape.map((dimension, axis) =>
      typeof dimension === "number" ? dimension : inPlace(dimension, axis) ? 0 : -1
    )
    return single(emitter, "Reshape", [x.name, vector(emitter, sizes)])
  }
  const unknown = moved.filter((dimension) => typeof dimension === "string" && emitter.size(dimension) === undefined)
  const sizes = unknown.length === 1 ? shape.map((dimension) => (dimension === unknown[0] ? -1 : dimension)) : shape
  return single(emitter, "Reshape", [x.name, shapeVector(emitter, "Reshape", sizes)], {
    allowzero: int(sizes === shape)
  })
}

export const expand = (emitter: Emitter, operator: string, x: Value, shape: Shape): string => {
  const added = shape.length - x.shape.length
  const missing = shape.map((dimension, axis) => (x.shape[axis - added] === dimension ? 1 : dimension))
  return single(emitter, "Expand", [x.name, shapeVector(emitter, operator, missing)])
}

export const zeros = (emitter: Emitter, operator: string, element: Element, shape: Shape): string =>
  expand(emitter, operator, { name: floatScalar(emitter, 0, element), element, shape: [] }, shape)
