/** The logical digest of a table: a hash of schema and values that does not see how the rows were batched or stored. */
import { createHash, type Hash } from "node:crypto"
import { bytesOf, type Column, type Offsets } from "./Column.ts"
import { type Field, storedForm } from "./Field.ts"

export interface LogicalDigest {
  /** Takes the next batch. */
  readonly update: (columns: ReadonlyArray<Column>) => void
  /** The digest in hex, of all batches so far. Ends the work. */
  readonly finish: (rows: number) => string
}

/**
 * Every column contributes up to three running hashes: one byte a value that says whether it is there, the lengths of
 * values of variable length, and the values' bytes. Batches only cut these three sequences, and the three determine
 * the column: presence and lengths say where each value begins.
 */
export const logicalDigest = (fields: ReadonlyArray<Field>): LogicalDigest => {
  const hashes = fields.map(hashesOf)
  return {
    update: (columns) => columns.forEach((column, i) => hashes[i]?.update(column)),
    finish: (rows) => {
      const content = { version: 1, rows, schema: fields.map(storedForm), columns: hashes.map((each) => each.finish()) }
      return createHash("sha256").update(JSON.stringify(content)).digest("hex")
    }
  }
}

interface ColumnHashes {
  readonly update: (column: Column) => void
  readonly finish: () => unknown
}

const hashesOf = (field: Field): ColumnHashes => {
  const presence = createHash("sha256")
  const lengths = createHash("sha256")
  const values = createHash("sha256")
  const children =
    field.type.kind === "list"
      ? [hashesOf(field.type.item)]
      : field.type.kind === "record"
        ? field.type.fields.map(hashesOf)
        : []
  return {
    update: (column) => {
      // A field that never misses a value leaves its presence unsaid, in every batch alike.
      if (field.missing !== "never") presence.update(column.present ?? new Uint8Array(column.length).fill(1))
      updateValues(column, lengths, values, children)
    },
    finish: () => [
      ...[presence, lengths, values].map((hash) => hash.digest("hex")),
      ...children.map((child) => child.finish())
    ]
  }
}

const updateValues = (column: Column, lengths: Hash, values: Hash, children: ReadonlyArray<ColumnHashes>): void => {
  switch (column.kind) {
    case "text":
      lengths.update(bytesOf(differences(column.offsets)))
      values.update(column.bytes)
      return
    case "integer":
      values.update(bytesOf(column.words))
      return
    case "number":
    case "boolean":
      values.update(bytesOf(column.values))
      return
    case "int32s":
    case "float32s":
      lengths.update(bytesOf(differences(column.offsets)))
      values.update(bytesOf(column.values))
      return
    case "list":
      lengths.update(bytesOf(differences(column.offsets)))
      children[0]?.update(column.item)
      return
    case "record":
      column.fields.forEach((field, i) => children[i]?.update(field))
  }
}

const differences = (offsets: Offsets): Int32Array => {
  const lengths = new Int32Array(Math.max(0, offsets.length - 1))
  for (let i = 0; i < lengths.length; i++) lengths[i] = (offsets[i + 1] ?? 0) - (offsets[i] ?? 0)
  return lengths
}
