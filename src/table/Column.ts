/** Columns in memory: typed arrays that write and read without a look at single values. */

/** Where each value of a variable length begins and ends: n + 1 positions, the first of them 0. */
export type Offsets = Int32Array

/** Values of one field for a batch of rows. A missing value has length 0, or is 0. */
export type Column = {
  readonly length: number
  /** One byte a value, 1 where there is one; null when none is missing. */
  readonly present: Uint8Array | null
} & (
  | { readonly kind: "text"; readonly offsets: Offsets; readonly bytes: Uint8Array }
  /** Two little-endian 32-bit words a value, the low one first: a BigInt a value would cost more than the rest. */
  | { readonly kind: "integer"; readonly words: Int32Array }
  | { readonly kind: "number"; readonly values: Float64Array }
  /** One byte a value. */
  | { readonly kind: "boolean"; readonly values: Uint8Array }
  | { readonly kind: "int32s"; readonly offsets: Offsets; readonly values: Int32Array }
  | { readonly kind: "float32s"; readonly offsets: Offsets; readonly values: Float32Array }
  | { readonly kind: "list"; readonly offsets: Offsets; readonly item: Column }
  | { readonly kind: "record"; readonly fields: ReadonlyArray<Column> }
)

/** The bytes of any typed array, without a copy. */
export const bytesOf = (view: ArrayBufferView): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

/** Where the value of a row begins and ends. */
export const rangeOf = (offsets: Offsets, row: number): readonly [from: number, to: number] => [
  offsets[row] ?? 0,
  offsets[row + 1] ?? 0
]

/** An integer of two words. */
export const integerAt = (words: Int32Array, row: number): number =>
  (words[2 * row + 1] ?? 0) * 0x1_0000_0000 + ((words[2 * row] ?? 0) >>> 0)
