/** A tensor is a symbol: an element type, a shape with named dimensions, and the operator that produces it. */

/** Element types of symbols. */
export type Element = "float32" | "float16" | "bfloat16" | "int32" | "int64" | "uint32" | "uint8" | "bool"

/** Bytes that one value of each element type takes. */
export const elementBytes: { readonly [E in Element]: number } = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int32: 4,
  int64: 8,
  uint32: 4,
  uint8: 1,
  bool: 1
}

/** A size known when the graph is built, or the name of one that each run decides. */
export type Dimension = number | string

/** Row-major shape; equal names mean equal sizes within one graph. */
export type Shape = ReadonlyArray<Dimension>

/** Where a weight lies on disk: raw little-endian bytes of the tensor, row-major, at any alignment. */
export interface WeightLocation {
  readonly file: string
  readonly offset: number
  readonly length: number
}

/** A matrix on disk, row-major, of which each run reads rows by their numbers. */
export interface StoredMatrix {
  readonly file: string
  readonly offset: number
  readonly element: "float32" | "float16" | "bfloat16"
  readonly rows: number
  readonly columns: number
}

/** Where a tensor comes from. `Operator` is the union in `Operator.ts`. */
export type Producer<Operator> =
  /** What is fed, or the rows of a matrix whose numbers are fed. */
  | { readonly kind: "input"; readonly name: string; readonly rowsOf?: StoredMatrix }
  | { readonly kind: "weight"; readonly name: string; readonly location: WeightLocation }
  | { readonly kind: "constant"; readonly data: ConstantData }
  | {
      readonly kind: "operator"
      readonly operator: Operator
      readonly inputs: ReadonlyArray<Tensor<Operator>>
      /** Every result of the operator, this tensor among them, at position `output`. */
      readonly outputs: ReadonlyArray<Tensor<Operator>>
      readonly output: number
    }

/** Values embedded in the graph; float16 and bfloat16 constants are cast from float32 where they are used. */
export type ConstantData = Float32Array | Int32Array | BigInt64Array | Uint32Array | Uint8Array

/** What is known of a tensor before any run. */
export interface Type {
  readonly element: Element
  readonly shape: Shape
}

/** A symbol. Identity is by reference: two uses of one object are one value. */
export interface Tensor<Operator> extends Type {
  readonly producer: Producer<Operator>
}
