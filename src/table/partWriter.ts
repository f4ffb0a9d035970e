/** Writes a part of a table: batches of rows are streamed into one Arrow IPC file, until one of them ends it. */
import { FileBlock, Footer } from "apache-arrow/ipc/metadata/file"
import { Message } from "apache-arrow/ipc/metadata/message"
import { MetadataVersion } from "apache-arrow/enum"
import * as fs from "node:fs"
import { arrowSchema } from "./arrowSchema.ts"
import type { Column } from "./Column.ts"
import type { Field } from "./Field.ts"
import { joinRows, type Some } from "./joinRows.ts"
import { encodeBatch, frame } from "./recordBatch.ts"
import type { RowBatch } from "./rowBatches.ts"
import { hashDigits } from "./rowHash.ts"
import { append, noRows, type Run, runOf } from "./Run.ts"

/** A batch ends at whichever comes first; memory holds the columns of one batch, and those of the batches that came in. */
const largestBatch = { rows: 8_192, bytes: 8 * 1024 * 1024 }

/** A part ends no later than at whichever comes first. */
const largestPart = { rows: 65_536, bytes: 64 * 1024 * 1024 }

/** Four in 65,536 hashes end a part, by other digits than those that end a group. */
const endsPart = (hashes: string, row: number): boolean => {
  const digits = (row + 1) * hashDigits - 4
  return hashes.startsWith("000", digits) && hashes.charCodeAt(digits + 3) < "4".charCodeAt(0)
}

/**
 * Where parts end before they are full: after rows that their own hash elects, one in 16,384, so that a change of some rows leaves the
 * parts before and after it what they were; or nowhere, where the rows are a piece already.
 */
export type Cut = "by content" | "when full"

export interface PartWriter {
  /** Takes rows from a position on, one or more, but none after the part's end; the position of the first row that it did not take. */
  readonly add: (batch: RowBatch, from: number) => number
  readonly ended: () => boolean
  readonly run: () => Run
  readonly finish: () => void
  readonly close: () => void
}

const magic = new TextEncoder().encode("ARROW1")
const endOfStream = new Uint8Array([255, 255, 255, 255, 0, 0, 0, 0])

/** Opens a new file. `cut` says where the part ends before it is full. */
export const openPart = (path: string, fields: ReadonlyArray<Field>, cut: Cut): PartWriter => {
  const file = fs.openSync(path, "w", 0o600)
  const schema = arrowSchema(fields)
  const blocks: Array<FileBlock> = []
  let pending: Array<Some<ReadonlyArray<Column>>> = []
  let pendingRows = 0
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
    const { header, body, bodyLength } = encodeBatch(joinRows(pending), pendingRows)
    blocks.push(new FileBlock(header.byteLength, bodyLength, position))
    write(header, ...body)
    pending = []
    pendingRows = 0
    pendingBytes = 0
  }
  const add = ({ columns, hashes, weights }: RowBatch, from: number): number => {
    let to = from
    let isFull = false
    while (to < weights.length && !isFull && !ended) {
      const weight = weights[to] ?? 0
      bytes += weight
      pendingBytes += weight
      pendingRows++
      ended =
        (cut === "by content" && endsPart(hashes, to)) ||
        run.rows + to + 1 - from === largestPart.rows ||
        bytes >= largestPart.bytes
      isFull = pendingRows === largestBatch.rows || pendingBytes >= largestBatch.bytes
      to++
    }
    pending.push({ of: columns, from, to })
    run = append(run, runOf(hashes, from, to))
    if (isFull) flush()
    return to
  }

  write(magic, new Uint8Array(2), frame(Message.from(schema)))
  return {
    add,
    ended: () => ended,
    run: () => run,
    finish: () => {
      if (pendingRows > 0) flush()
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
