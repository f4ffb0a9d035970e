/** Writes a table: rows are cut into batches of bounded size, hashed, and streamed into an Arrow IPC file. */
import { FileBlock, Footer } from "apache-arrow/ipc/metadata/file"
import { Message } from "apache-arrow/ipc/metadata/message"
import { MetadataVersion } from "apache-arrow/enum"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import { arrowSchema } from "./arrowSchema.ts"
import { encodeRows, Misfit, weightOf } from "./encodeRows.ts"
import { type ColumnUnsupported, RowFailure, TableFailure } from "./Errors.ts"
import type { Field } from "./Field.ts"
import { logicalDigest } from "./LogicalDigest.ts"
import { encodeBatch, frame } from "./recordBatch.ts"
import { fieldsOf } from "./RowSchema.ts"

/** A batch ends at whichever comes first; memory holds one batch of rows, its columns, and the batch that came in. */
const largestBatch = { rows: 8_192, bytes: 8 * 1024 * 1024 }

/** What a writer leaves behind. */
export interface TableSummary {
  readonly rows: number
  /** Logical digest in hex: over schema and values, blind to batch boundaries, compression and metadata. */
  readonly digest: string
  /** Size of the file. */
  readonly bytes: number
}

/**
 * Streams batches of rows into a new file, which is complete when the effect succeeds. The file's bytes depend on the
 * rows alone, not on how they came in batches.
 */
export const writeTable = <Row, E, R>(
  path: string,
  schema: Schema.Codec<Row, unknown>,
  rows: Stream.Stream<ReadonlyArray<Row>, E, R>
): Effect.Effect<TableSummary, E | ColumnUnsupported | RowFailure | TableFailure, R> =>
  Effect.flatMap(fieldsOf(schema), (fields) =>
    Effect.acquireUseRelease(
      attempt(path, () => openWriter(path, fields)),
      (writer) =>
        rows.pipe(
          Stream.runForEach((batch) => attempt(path, () => writer.add(batch))),
          Effect.andThen(attempt(path, writer.finish))
        ),
      (writer) => Effect.sync(writer.close)
    )
  )

const attempt = <A>(path: string, run: () => A): Effect.Effect<A, RowFailure | TableFailure> =>
  Effect.suspend((): Effect.Effect<A, RowFailure | TableFailure> => {
    try {
      return Effect.succeed(run())
    } catch (cause) {
      if (cause instanceof Misfit) {
        const { row, path: field, found, expected } = cause
        return Effect.fail(new RowFailure({ file: path, row, field, found, expected }))
      }
      return cause instanceof Error && "code" in cause
        ? Effect.fail(new TableFailure({ operation: "write", path, reason: `${cause.message}.` }))
        : Effect.die(cause)
    }
  })

interface Writer {
  readonly add: (rows: ReadonlyArray<unknown>) => void
  readonly finish: () => TableSummary
  readonly close: () => void
}

const magic = new TextEncoder().encode("ARROW1")
const endOfStream = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0])

const openWriter = (path: string, fields: ReadonlyArray<Field>): Writer => {
  const file = fs.openSync(path, "w", 0o600)
  const schema = arrowSchema(fields)
  const digest = logicalDigest(fields)
  const blocks: Array<FileBlock> = []
  let pending: Array<unknown> = []
  let weight = 0
  let rows = 0
  let position = 0

  const write = (...chunks: ReadonlyArray<Uint8Array>): void => {
    writeFully(file, chunks)
    for (const chunk of chunks) position += chunk.byteLength
  }
  const flush = (): void => {
    const columns = encodePending()
    digest.update(columns)
    const { header, body, bodyLength } = encodeBatch(columns, pending.length)
    blocks.push(new FileBlock(header.byteLength, bodyLength, position))
    write(header, ...body)
    rows += pending.length
    pending = []
    weight = 0
  }
  const encodePending = () => {
    try {
      return encodeRows(fields, pending)
    } catch (error) {
      throw error instanceof Misfit ? new Misfit(rows + error.row, error.path, error.found, error.expected) : error
    }
  }

  write(magic, new Uint8Array(2), frame(Message.from(schema)))
  return {
    add: (batch) => {
      for (const row of batch) {
        pending.push(row)
        weight += weightOf(fields, row)
        if (pending.length === largestBatch.rows || weight >= largestBatch.bytes) flush()
      }
    },
    finish: () => {
      if (pending.length > 0) flush()
      const footer = Footer.encode(new Footer(schema, MetadataVersion.V5, blocks, []))
      const length = new Uint8Array(4)
      new DataView(length.buffer).setInt32(0, footer.byteLength, true)
      write(endOfStream, footer, length, magic)
      return { rows, digest: digest.finish(rows), bytes: position }
    },
    close: () => fs.closeSync(file)
  }
}

/** One system call where the system takes all; a short write goes on where it stopped. */
const writeFully = (file: number, chunks: ReadonlyArray<Uint8Array>): void => {
  // The system takes at most 1,024 buffers a call.
  for (let first = 0; first < chunks.length; first += 1_024) {
    let rest = chunks.slice(first, first + 1_024).filter((chunk) => chunk.byteLength > 0)
    while (rest.length > 0) {
      let written = fs.writevSync(file, rest)
      rest = rest.flatMap((chunk) => {
        const skipped = Math.min(written, chunk.byteLength)
        written -= skipped
        return skipped === chunk.byteLength ? [] : [chunk.subarray(skipped)]
      })
    }
  }
}
