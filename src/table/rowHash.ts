/** The hashes of rows: sha256 over a row's values in the order of its fields, so that nothing but the row decides it. */
import { hash } from "node:crypto"
import { bytesOf, type Column, integerAt, rangeOf } from "./Column.ts"
import type { Field } from "./Field.ts"

/** Digits of a hash in hex. */
export const hashDigits = 64

/** The hashes of the rows of a batch in hex, one after the other. */
export type HashRows = (columns: ReadonlyArray<Column>, rows: number) => string

/** Hashes rows one after the other; holds the bytes of one row. */
export const rowHasher = (fields: ReadonlyArray<Field>): HashRows => {
  const bytes = new RowBytes()
  return (columns, rows) => {
    const hashes: Array<string> = []
    for (let row = 0; row < rows; row++) {
      bytes.clear()
      addFields(bytes, fields, columns, row)
      hashes.push(hash("sha256", bytes.all, "hex"))
    }
    return hashes.join("")
  }
}

/** Bytes that grow: numbers little-endian, everything of variable length preceded by its length. */
class RowBytes {
  #buffer = new Uint8Array(4_096)
  #view = new DataView(this.#buffer.buffer)
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

  bytes(values: Uint8Array): void {
    this.#reserve(values.byteLength)
    this.#buffer.set(values, this.#end)
    this.#end += values.byteLength
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#buffer.length) return
    const larger = new Uint8Array(2 * (this.#end + more))
    larger.set(this.all)
    this.#buffer = larger
    this.#view = new DataView(larger.buffer)
  }
}

const addFields = (
  bytes: RowBytes,
  fields: ReadonlyArray<Field>,
  columns: ReadonlyArray<Column>,
  row: number
): void => {
  for (let i = 0; i < fields.length; i++) {
    const [field, column] = [fields[i], columns[i]]
    if (field !== undefined && column !== undefined) addField(bytes, field, column, row)
  }
}

const addField = (bytes: RowBytes, { missing, type }: Field, column: Column, row: number): void => {
  if (missing !== "never") {
    const present = column.present === null || column.present[row] === 1
    bytes.byte(present ? 1 : 0)
    if (!present) return
  }
  addValue(bytes, type, column, row)
}

const addValue = (bytes: RowBytes, type: Field["type"], column: Column, row: number): void => {
  switch (column.kind) {
    case "text": {
      const [from, to] = rangeOf(column.offsets, row)
      bytes.length(to - from)
      return bytes.bytes(column.bytes.subarray(from, to))
    }
    case "integer":
      return bytes.number(integerAt(column.words, row))
    case "number":
      return bytes.number(column.values[row] ?? 0)
    case "boolean":
      return bytes.byte(column.values[row] ?? 0)
    case "int32s":
    case "float32s": {
      const [from, to] = rangeOf(column.offsets, row)
      bytes.length(to - from)
      return bytes.bytes(bytesOf(column.values.subarray(from, to)))
    }
    case "list": {
      if (type.kind !== "list") throw new Error("internal: a column of lists for a field of no lists")
      const [from, to] = rangeOf(column.offsets, row)
      bytes.length(to - from)
      for (let item = from; item < to; item++) addField(bytes, type.item, column.item, item)
      return
    }
    case "record":
      if (type.kind !== "record") throw new Error("internal: a column of records for a field of no records")
      return addFields(bytes, type.fields, column.fields, row)
  }
}
