/** One part of a table: an Arrow IPC file, read batch by batch, or any rows by position, with positioned reads and never whole. */
import { Footer } from "apache-arrow/ipc/metadata/file"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import { arrowSchema, differenceOf } from "./arrowSchema.ts"
import { decodeRows } from "./decodeRows.ts"
import { TableFailure } from "./Errors.ts"
import type { Field } from "./Field.ts"
import { type BatchLayout, decodeLayout, decodeRange } from "./recordBatch.ts"
import { bySpan, inPlaces } from "./spans.ts"

/** Rows by position are read one by one, unless a batch is asked for more than one row in this many. */
const sparse = 16

/** A record batch of a file. */
interface Batch {
  /** Position of its first row in the part. */
  readonly first: number
  readonly rows: number
  readonly layout: BatchLayout
  readonly bodyOffset: number
  readonly bodyLength: number
}

export interface PartReader {
  /** The rows as lists of records, one list a batch. */
  readonly batches: Stream.Stream<ReadonlyArray<unknown>, TableFailure>
  /** Rows by position in the part, in the order asked for. */
  readonly take: (positions: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<unknown>, TableFailure>
}

/** A reader that opens the file for each stream and each taking, and remembers where its batches lie. */
export const partReader = (path: string, fields: ReadonlyArray<Field>): PartReader => {
  let known: ReadonlyArray<Batch> | null = null
  const batchesOf = (file: number) => attempt(path, () => (known ??= readBatches(file, fields)))
  return {
    batches: Stream.unwrap(
      Effect.gen(function* () {
        const file = yield* openFile(path)
        return Stream.fromIterable(yield* batchesOf(file)).pipe(
          Stream.rechunk(1),
          Stream.mapEffect((batch) =>
            attempt(path, () => readRows(file, fields, batch, 0, batch.rows, readBody(file, batch)))
          )
        )
      })
    ),
    take: (positions) =>
      Effect.scoped(
        Effect.gen(function* () {
          const file = yield* openFile(path)
          const batches = yield* batchesOf(file)
          return yield* attempt(path, () =>
            inPlaces(
              [...bySpan(batches, positions)].map(([batch, { places, within }]) => {
                const body = within.length * sparse > batch.rows ? readBody(file, batch) : null
                return { places, items: within.flatMap((row) => readRows(file, fields, batch, row, row + 1, body)) }
              })
            )
          )
        })
      )
  }
}

const openFile = (path: string): Effect.Effect<number, TableFailure, Scope.Scope> =>
  Effect.acquireRelease(
    attempt(path, () => fs.openSync(path, "r")),
    (file) => Effect.sync(() => fs.closeSync(file))
  )

/** Runs what may find a file unreadable. */
export const attempt = <A>(path: string, run: () => A): Effect.Effect<A, TableFailure> =>
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
    const batch = { first, rows: layout.rows, layout, bodyOffset: offset + metaDataLength, bodyLength }
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
