/** Writes a table: rows are hashed, cut into parts, and streamed into one Arrow IPC file a part, batch by batch. */
import { FileBlock, Footer } from "apache-arrow/ipc/metadata/file"
import { Message } from "apache-arrow/ipc/metadata/message"
import { MetadataVersion } from "apache-arrow/enum"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import { arrowSchema } from "./arrowSchema.ts"
import { encodeRows, Misfit, weightOf } from "./encodeRows.ts"
import { type ColumnUnsupported, RowFailure, TableFailure } from "./Errors.ts"
import type { Field } from "./Field.ts"
import { encodeBatch, frame } from "./recordBatch.ts"
import { rowHasher } from "./rowHash.ts"
import { fieldsOf } from "./RowSchema.ts"
import { append, noRows, oneRow, type Run } from "./Run.ts"

/** A batch ends at whichever comes first; memory holds one batch of rows, its columns, and the batch that came in. */
const largestBatch = { rows: 8_192, bytes: 8 * 1024 * 1024 }

/** A part ends no later than at whichever comes first. */
const largestPart = { rows: 65_536, bytes: 64 * 1024 * 1024 }

/** Four in 65,536 hashes end a part, by other digits than those that end a group. */
const endsPart = (rowHash: string): boolean =>
  rowHash.startsWith("000", 60) && rowHash.charCodeAt(63) < "4".charCodeAt(0)

/**
 * Where parts end before they are full: after rows that their own hash elects, one in 16,384, so that a change of some rows leaves the
 * parts before and after it what they were; or nowhere, where the rows are a piece already.
 */
export type Cut = "by content" | "when full"

/** Where the files of parts are written, and what becomes of a finished one. */
export interface PartFiles<Kept, E, R> {
  readonly temporary: Effect.Effect<string, E, R | Scope.Scope>
  readonly keep: (path: string) => Effect.Effect<Kept, E, R>
}

/** A finished part: the beginning of a table, or what follows the part before. */
export interface WrittenPart<Kept> {
  readonly file: Kept
  readonly rows: number
}

/** What a writer leaves behind. */
export interface WrittenTable<Kept> {
  readonly parts: ReadonlyArray<WrittenPart<Kept>>
  readonly run: Run
}

/**
 * Streams batches of rows into new files. Where parts end, and each file's bytes, depend on the rows alone, not on how they
 * came in batches. No rows are no parts.
 */
export const writeTable = <Row, Kept, E, R, E2, R2>(
  schema: Schema.Codec<Row, unknown>,
  rows: Stream.Stream<ReadonlyArray<Row>, E, R>,
  files: PartFiles<Kept, E2, R2>,
  cut: Cut = "by content"
): Effect.Effect<
  WrittenTable<Kept>,
  E | E2 | ColumnUnsupported | RowFailure | TableFailure,
  Exclude<R | R2, Scope.Scope>
> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fields = yield* fieldsOf(schema)
      const hashOf = rowHasher(fields)
      const isLast = cut === "by content" ? endsPart : () => false
      const parts: Array<WrittenPart<Kept>> = []
      let run = noRows
      let open: { readonly path: string; readonly writer: PartWriter } | null = null
      yield* Effect.addFinalizer(() => Effect.sync(() => open?.writer.close()))

      const begin = Effect.gen(function* () {
        const path = yield* files.temporary
        return { path, writer: yield* attempt(path, () => openPart(path, fields, hashOf, isLast, run.rows)) }
      })
      const end = ({ path, writer }: NonNullable<typeof open>) =>
        Effect.gen(function* () {
          yield* attempt(path, writer.finish)
          open = null
          parts.push({ file: yield* files.keep(path), rows: writer.run().rows })
          run = append(run, writer.run())
        })

      yield* Stream.runForEach(rows, (batch) =>
        Effect.gen(function* () {
          for (let taken = 0; taken < batch.length;) {
            const part = (open ??= yield* begin)
            const from = taken
            taken = yield* attempt(part.path, () => part.writer.add(batch, from))
            if (part.writer.ended()) yield* end(part)
          }
        })
      )
      if (open !== null) yield* end(open)
      return { parts, run }
    })
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

interface PartWriter {
  /** Takes rows from a position on until the part ends; the position of the first row that it did not take. */
  readonly add: (rows: ReadonlyArray<unknown>, from: number) => number
  readonly ended: () => boolean
  readonly run: () => Run
  readonly finish: () => void
  readonly close: () => void
}

const magic = new TextEncoder().encode("ARROW1")
const endOfStream = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0])

const openPart = (
  path: string,
  fields: ReadonlyArray<Field>,
  hashOf: (row: unknown) => string,
  isLast: (rowHash: string) => boolean,
  first: number
): PartWriter => {
  const file = fs.openSync(path, "w", 0o600)
  const schema = arrowSchema(fields)
  const blocks: Array<FileBlock> = []
  let pending: Array<unknown> = []
  let pendingBytes = 0
  let run = noRows
  let bytes = 0
  let ended = false
  let position = 0

  const write = (...chunks: ReadonlyArray<Uint8Array>): void => {
    writeFully(file, chunks)
    for (const chunk of chunks) position += chunk.byteLength
  }
  const flush = (): void => {
    const columns = encodePending()
    const { header, body, bodyLength } = encodeBatch(columns, pending.length)
    blocks.push(new FileBlock(header.byteLength, bodyLength, position))
    write(header, ...body)
    pending = []
    pendingBytes = 0
  }
  const encodePending = () => {
    try {
      return encodeRows(fields, pending)
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      throw new Misfit(first + run.rows - pending.length + error.row, error.path, error.found, error.expected)
    }
  }
  const take = (row: unknown): void => {
    const weight = weightOf(fields, row)
    const rowHash = hashOf(row)
    pending.push(row)
    pendingBytes += weight
    bytes += weight
    run = append(run, oneRow(rowHash))
    ended = isLast(rowHash) || run.rows === largestPart.rows || bytes >= largestPart.bytes
    if (pending.length === largestBatch.rows || pendingBytes >= largestBatch.bytes) flush()
  }

  write(magic, new Uint8Array(2), frame(Message.from(schema)))
  return {
    add: (rows, from) => {
      for (let at = from; at < rows.length; at++) {
        take(rows[at])
        if (ended) return at + 1
      }
      return rows.length
    },
    ended: () => ended,
    run: () => run,
    finish: () => {
      if (pending.length > 0) flush()
      const footer = Footer.encode(new Footer(schema, MetadataVersion.V5, blocks, []))
      const length = new Uint8Array(4)
      new DataView(length.buffer).setInt32(0, footer.byteLength, true)
      write(endOfStream, footer, length, magic)
      fs.closeSync(file)
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
