/** Reads a table: batch by batch, or any rows by position, with positioned reads and never the whole file. */
import { Footer } from "apache-arrow/ipc/metadata/file"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import type { TableReader } from "../pipeline/Reader.ts"
import { arrowSchema, differenceOf } from "./arrowSchema.ts"
import { decodeRows } from "./decodeRows.ts"
import { type ColumnUnsupported, TableFailure } from "./Errors.ts"
import type { Field } from "./Field.ts"
import { type BatchLayout, decodeLayout, decodeRange } from "./recordBatch.ts"
import { fieldsOf } from "./RowSchema.ts"

/** Rows by position are read one by one, unless a batch is asked for more than one row in this many. */
const sparse = 16

/** A record batch of a file. */
interface Batch {
  /** Position of its first row in the table. */
  readonly first: number
  readonly layout: BatchLayout
  readonly bodyOffset: number
  readonly bodyLength: number
}

/**
 * Opens a table for as long as the scope lives. Memory holds the places of the batches' buffers, and one batch at a
 * time per reading stream.
 */
export const openTable = <Row>(
  path: string,
  schema: Schema.Codec<Row, unknown>
): Effect.Effect<TableReader<Row>, ColumnUnsupported | TableFailure, Scope.Scope> =>
  Effect.gen(function* () {
    const fields = yield* fieldsOf(schema)
    const file = yield* Effect.acquireRelease(
      attempt(path, () => fs.openSync(path, "r")),
      (file) => Effect.sync(() => fs.closeSync(file))
    )
    const batches = yield* attempt(path, () => readBatches(file, fields))
    // The file's schema has been compared with this one, and each column was decoded as its field says.
    const rowsOf = (batch: Batch, from: number, to: number, body: Uint8Array | null): ReadonlyArray<Row> =>
      readRows(file, fields, batch, from, to, body) as ReadonlyArray<Row>
    const whole = (batch: Batch) => rowsOf(batch, 0, batch.layout.rows, readBody(file, batch))
    const reader: TableReader<Row> = {
      rows: batches.reduce((sum, batch) => sum + batch.layout.rows, 0),
      schema,
      batches: Stream.fromIterable(batches).pipe(
        Stream.rechunk(1),
        Stream.mapEffect((batch) => attempt(path, () => whole(batch)))
      ),
      take: (indices) =>
        attempt(path, () =>
          takeRows(batches, indices, (batch, count) => {
            const body = count * sparse > batch.layout.rows ? readBody(file, batch) : null
            return (row) => rowsOf(batch, row, row + 1, body)[0]
          })
        )
    }
    return reader
  })

const attempt = <A>(path: string, run: () => A): Effect.Effect<A, TableFailure> =>
  Effect.suspend((): Effect.Effect<A, TableFailure> => {
    try {
      return Effect.succeed(run())
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      return reason.startsWith("internal:")
        ? Effect.die(cause)
        : Effect.fail(new TableFailure({ operation: "read", path, reason: `${reason}.` }))
    }
  })

const readRows = (
  file: number,
  fields: ReadonlyArray<Field>,
  { bodyLength, bodyOffset, layout }: Batch,
  from: number,
  to: number,
  body: Uint8Array | null
): ReadonlyArray<unknown> => {
  const read = (offset: number, length: number): Uint8Array => {
    if (offset < 0 || offset + length > bodyLength) throw new Error("a buffer lies outside its record batch")
    return body === null ? readAt(file, bodyOffset + offset, length) : body.subarray(offset, offset + length)
  }
  return decodeRows(fields, decodeRange(fields, layout, read, from, to), to - from)
}

const readBody = (file: number, { bodyLength, bodyOffset }: Batch): Uint8Array => readAt(file, bodyOffset, bodyLength)

/** Groups the positions by batch, reads each group, and puts the rows in the order asked for. */
const takeRows = <Row>(
  batches: ReadonlyArray<Batch>,
  indices: ReadonlyArray<number> | Int32Array,
  open: (batch: Batch, count: number) => (row: number) => Row | undefined
): ReadonlyArray<Row> => {
  const rows: Array<Row> = []
  rows.length = indices.length
  const places = new Map<Batch, Array<number>>()
  indices.forEach((index: number, place: number) => {
    const batch = batchOf(batches, index)
    const group = places.get(batch)
    if (group === undefined) places.set(batch, [place])
    else group.push(place)
  })
  for (const [batch, group] of places) {
    const rowAt = open(batch, group.length)
    for (const place of group) {
      const row = rowAt((indices[place] ?? 0) - batch.first)
      if (row === undefined) throw new Error("internal: a batch gave fewer rows than it was asked for")
      rows[place] = row
    }
  }
  return rows
}

const batchOf = (batches: ReadonlyArray<Batch>, index: number): Batch => {
  let low = 0
  let high = batches.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((batches[middle]?.first ?? 0) <= index) low = middle
    else high = middle
  }
  const batch = batches[low]
  if (batch !== undefined && index >= 0 && index < batch.first + batch.layout.rows) return batch
  throw new Error(`row ${index} was asked for, which it does not have`)
}

const magic = "ARROW1"
/** Length of the footer as 4 bytes, and the magic. */
const tail = 4 + magic.length

/** Reads where the batches lie. Throws when the file is not a table of these fields, or is cut short. */
const readBatches = (file: number, fields: ReadonlyArray<Field>): ReadonlyArray<Batch> => {
  const { size } = fs.fstatSync(file)
  if (size < 8 + tail) throw new Error(`it is ${size} bytes long, which is too short for a table`)
  const end = Buffer.from(readAt(file, size - tail, tail))
  if (Buffer.from(readAt(file, 0, magic.length)).toString() !== magic || end.toString("latin1", 4) !== magic) {
    throw new Error("it is not an Arrow file, or its end is missing")
  }
  const footerLength = end.readInt32LE(0)
  if (footerLength <= 0 || footerLength > size - tail - 8) throw new Error("its footer is damaged")
  const footer = Footer.decode(readAt(file, size - tail - footerLength, footerLength))
  const difference = differenceOf(footer.schema, arrowSchema(fields))
  if (difference !== null) throw new Error(`it is a table of other rows: ${difference}`)
  return readLayouts(file, [...footer.recordBatches()], size - tail - footerLength)
}

const readLayouts = (
  file: number,
  blocks: ReadonlyArray<{ readonly offset: number; readonly metaDataLength: number; readonly bodyLength: number }>,
  end: number
): ReadonlyArray<Batch> => {
  let first = 0
  return blocks.map(({ bodyLength, metaDataLength, offset }) => {
    if (offset < 8 || metaDataLength <= 8 || bodyLength < 0 || offset + metaDataLength + bodyLength > end) {
      throw new Error("its footer is damaged: a record batch lies outside the file")
    }
    const layout = decodeLayout(readAt(file, offset, metaDataLength))
    if (layout.rows < 0) throw new Error("a record batch is damaged: it has fewer rows than none")
    const batch = { first, layout, bodyOffset: offset + metaDataLength, bodyLength }
    first += layout.rows
    return batch
  })
}

const readAt = (file: number, position: number, length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let done = 0; done < length;) {
    const count = fs.readSync(file, bytes, done, length - done, position + done)
    if (count === 0) throw new Error(`it ends ${length - done} bytes early`)
    done += count
  }
  return bytes
}
