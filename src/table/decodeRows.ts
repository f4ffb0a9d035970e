/** From columns to rows: plain objects whose typed arrays are views of the batch they came in. */
import { type Column, integerAt } from "./Column.ts"
import type { Field } from "./Field.ts"

/** Rows of a batch. A view keeps its whole batch in memory for as long as it is held. */
export const decodeRows = (
  fields: ReadonlyArray<Field>,
  columns: ReadonlyArray<Column>,
  length: number
): ReadonlyArray<unknown> => {
  const decoded = columns.map((column, i) => {
    const field = fields[i]
    if (field === undefined) throw new Error(`internal: column ${i} has no field`)
    return { name: field.name, values: decodeColumn(field, column) }
  })
  const rows: Array<unknown> = []
  for (let i = 0; i < length; i++) {
    const row: Record<string, unknown> = {}
    for (const { name, values } of decoded) {
      const value = values[i]
      // Only a key that was left out decodes to undefined.
      if (value !== undefined) row[name] = value
    }
    rows.push(row)
  }
  return rows
}

const decodeColumn = (field: Field, column: Column): ReadonlyArray<unknown> => {
  const values = decodeValues(field, column)
  if (column.present === null) return values
  const missing = field.missing === "absent" ? undefined : null
  for (let i = 0; i < column.length; i++) if (column.present[i] === 0) values[i] = missing
  return values
}

const decodeValues = (field: Field, column: Column): Array<unknown> => {
  const { length } = column
  switch (column.kind) {
    case "text":
      return decodeText(column.offsets, column.bytes, length)
    case "integer":
      return build(length, (i) => integerAt(column.words, i))
    case "number":
      return Array.from(column.values)
    case "boolean":
      return build(length, (i) => column.values[i] === 1)
    case "int32s":
    case "float32s":
      return build(length, (i) => column.values.subarray(column.offsets[i], column.offsets[i + 1]))
    case "list": {
      if (field.type.kind !== "list") throw new Error(`internal: the column "${field.name}" is a list`)
      const items = decodeColumn(field.type.item, column.item)
      return build(length, (i) => items.slice(column.offsets[i], column.offsets[i + 1]))
    }
    case "record":
      if (field.type.kind !== "record") throw new Error(`internal: the column "${field.name}" is a record`)
      return [...decodeRows(field.type.fields, column.fields, length)]
  }
}

const build = <A>(length: number, value: (index: number) => A): Array<A> => {
  const values: Array<A> = []
  for (let i = 0; i < length; i++) values.push(value(i))
  return values
}

const decodeText = (offsets: Int32Array, bytes: Uint8Array, length: number): Array<string> => {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return build(length, (i) => buffer.toString("utf8", offsets[i], offsets[i + 1]))
}
