/** The hash of a row: sha256 over its values in the order of its fields, so that nothing but the row decides it. */
import { hash } from "node:crypto"
import { type Field, property } from "./Field.ts"

/** Hashes rows one after the other; holds the bytes of one row. */
export const rowHasher = (fields: ReadonlyArray<Field>): ((row: unknown) => string) => {
  const bytes = new RowBytes()
  return (row) => {
    bytes.clear()
    for (const field of fields) addField(bytes, field, property(row, field.name))
    return hash("sha256", bytes.all, "hex")
  }
}

/** Bytes that grow: numbers little-endian, everything of variable length preceded by its length. */
class RowBytes {
  #buffer = Buffer.allocUnsafe(4_096)
  #view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset)
  #end = 0

  get all(): Uint8Array {
    return this.#buffer.subarray(0, this.#end)
  }

  clear(): void {
    this.#end = 0
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#end++] = value
  }

  length(value: number): void {
    this.#reserve(4)
    this.#view.setUint32(this.#end, value, true)
    this.#end += 4
  }

  number(value: number): void {
    this.#reserve(8)
    this.#view.setFloat64(this.#end, value, true)
    this.#end += 8
  }

  text(value: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    this.#reserve(4 + 3 * value.length)
    const length = this.#buffer.write(value, this.#end + 4)
    this.length(length)
    this.#end += length
  }

  array(value: Int32Array | Float32Array): void {
    this.length(value.length)
    this.#reserve(value.byteLength)
    this.#buffer.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), this.#end)
    this.#end += value.byteLength
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#end + more))
    larger.set(this.all)
    this.#buffer = larger
    this.#view = new DataView(larger.buffer, larger.byteOffset)
  }
}

const addField = (bytes: RowBytes, { missing, type }: Field, value: unknown): void => {
  if (missing !== "never") {
    const present = value !== (missing === "absent" ? undefined : null)
    bytes.byte(present ? 1 : 0)
    if (!present) return
  }
  addValue(bytes, type, value)
}

/** A value that does not fit its field adds nothing: the writer refuses its row. */
const addValue = (bytes: RowBytes, type: Field["type"], value: unknown): void => {
  switch (type.kind) {
    case "text":
      if (typeof value === "string") bytes.text(value)
      return
    case "integer":
      // Integers are stored without the sign of a zero.
      if (typeof value === "number") bytes.number(value + 0)
      return
    case "number":
      // One bit pattern for every NaN, as columns have it.
      if (typeof value === "number") bytes.number(Number.isNaN(value) ? Number.NaN : value)
      return
    case "boolean":
      bytes.byte(value === true ? 1 : 0)
      return
    case "int32s":
    case "float32s":
      if (value instanceof Int32Array || value instanceof Float32Array) bytes.array(value)
      return
    case "list":
      if (!Array.isArray(value)) return
      bytes.length(value.length)
      for (const item of value) addField(bytes, type.item, item)
      return
    case "record":
      for (const field of type.fields) addField(bytes, field, property(value, field.name))
  }
}
