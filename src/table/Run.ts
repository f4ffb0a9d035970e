/**
 * Rows in a row, as far as the digest of a table knows them. Runs form a monoid: what is known of two, one after the other, follows
 * from what is known of each. So a table's digest does not see in which pieces it was made, and pieces that are there need not
 * be read again.
 */
import * as Schema from "effect/Schema"
import { hash } from "node:crypto"
import { type Field, storedForm } from "./Field.ts"

/**
 * Rows fall into groups: one in 64 hashes says that its row ends a group. Of a whole group there remains one sha256 over the
 * hashes of its rows; of groups that began before the run or go on after it, the hashes themselves. All hashes in hex, one after
 * the other. The bound: 64 bytes a group, and 64 a row where no row ends a group, as when all are alike.
 */
export const Run = Schema.Struct({
  rows: Schema.Int,
  /** Hashes of the rows up to the first that ends a group, that one included. */
  before: Schema.String,
  /** Hashes of the groups that lie in the run whole; null where no row of it ends a group. */
  groups: Schema.NullOr(Schema.String),
  /** Hashes of the rows after the last that ends a group. */
  after: Schema.String
})
export type Run = typeof Run.Type

export const noRows: Run = { rows: 0, before: "", groups: null, after: "" }

/** Four in 256 values of a byte. */
const endsGroup = (rowHash: string): boolean => rowHash.startsWith("0") && rowHash.charCodeAt(1) < "4".charCodeAt(0)

/** The run of one row, by its hash. */
export const oneRow = (rowHash: string): Run => ({
  rows: 1,
  before: rowHash,
  groups: endsGroup(rowHash) ? "" : null,
  after: ""
})

/** One run after another. */
export const append = (first: Run, second: Run): Run => {
  const rows = first.rows + second.rows
  if (first.groups === null) return { ...second, rows, before: first.before + second.before }
  if (second.groups === null) return { ...first, rows, after: first.after + second.before }
  const between = hash("sha256", first.after + second.before)
  return { rows, before: first.before, groups: first.groups + between + second.groups, after: second.after }
}

/** The digest of a table in hex: of its schema and its rows in their order. */
export const tableDigest = (fields: ReadonlyArray<Field>, run: Run): string =>
  hash("sha256", JSON.stringify({ version: 2, schema: fields.map(storedForm), ...run }))
