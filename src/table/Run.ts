/**
 * Rows in a row, as far as the digest of a table knows them. Runs form a monoid: what is known of two, one after the other, follows
 * from what is known of each. So a table's digest does not see in which pieces it was made, and pieces that are there need not
 * be read again.
 */
import * as Schema from "effect/Schema"
import { hash } from "node:crypto"
import { type Field, storedForm } from "./Field.ts"
import { hashDigits } from "./rowHash.ts"

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

/** Whether the row ends a group whose hash begins at a place: four in 256 values of a byte. */
const endsGroup = (hashes: string, at: number): boolean =>
  hashes.charCodeAt(at) === "0".charCodeAt(0) && hashes.charCodeAt(at + 1) < "4".charCodeAt(0)

/** The run of the rows from one to another (exclusive), by the hashes of a batch's rows in hex, one after the other. */
export const runOf = (hashes: string, from: number, to: number): Run => {
  const rows = to - from
  // Copied, so that of the hashes of a batch no more is kept than is known of the run.
  const between = (first: number, end: number) =>
    Buffer.from(hashes.slice(first * hashDigits, end * hashDigits), "latin1").toString("latin1")
  const nextEnd = (row: number): number => {
    let at = row
    while (at < to && !endsGroup(hashes, at * hashDigits)) at++
    return at + 1
  }
  let begin = nextEnd(from)
  if (begin > to) return { rows, before: between(from, to), groups: null, after: "" }
  const before = between(from, begin)
  let groups = ""
  for (let end = nextEnd(begin); end <= to; end = nextEnd(begin)) {
    groups += hash("sha256", hashes.slice(begin * hashDigits, end * hashDigits))
    begin = end
  }
  return { rows, before, groups, after: between(begin, to) }
}

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
