/**
 * JSON arrays of any length, read piece by piece: each element is a row.
 *
 * A scan finds the commas between rows and no more; the bytes between two cuts go to `JSON.parse` as they are. Read so,
 * an array flows about as fast as `JSON.parse` alone (90 MB/s where the streaming parsers of npm reach 26 to 38), and
 * V8 alone decides what is JSON.
 */
import { rowElectsItself } from "../store/cuts.ts"
import { RowsUnreadable } from "./Errors.ts"
import {
  invalidUtf8At,
  longestRow,
  parseJson,
  PendingBytes,
  type RawRows,
  type RowReader,
  type SourceRow
} from "./rows.ts"

const lineFeed = 0x0a
const space = 0x20
const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** A row found by the scan: its first byte and the byte after its last, counted from the beginning of the file. */
interface Span {
  readonly line: number
  readonly from: number
  readonly to: number
}

/** The values of rows, the first of which is number `index` of the file; `bytes`, from `offset` on, end with the last of them. */
const parseSpans = (
  file: string,
  bytes: Buffer,
  offset: number,
  spans: ReadonlyArray<Span>,
  index: number
): ReadonlyArray<SourceRow> => {
  const fail = (row: number, line: number, byte: number, reason: string): never => {
    throw new RowsUnreadable({ file, row, line, byte, reason })
  }
  const invalid = invalidUtf8At(bytes)
  if (invalid !== null) {
    const row = spans.findIndex(({ to }) => offset + invalid < to)
    return fail(index + row, spans[row]?.line ?? 0, offset + invalid, "invalid UTF-8")
  }
  const parsed = parseJson(`[${bytes.toString("utf8", (spans[0]?.from ?? offset) - offset)}]`)
  if ("value" in parsed && Array.isArray(parsed.value) && parsed.value.length === spans.length) {
    const values: ReadonlyArray<unknown> = parsed.value
    return spans.map((span, i) => ({ value: values[i], index: index + i, line: span.line }))
  }
  for (const [i, span] of spans.entries()) {
    const row = parseJson(bytes.toString("utf8", span.from - offset, span.to - offset))
    if ("reason" in row) return fail(index + i, span.line, span.from, row.reason)
  }
  throw new Error(`internal: ${file}, bytes from ${offset}: the rows are JSON one by one, but not together`)
}

/**
 * Holds one row, or the rows of one chunk. `start` is the number of bytes before the first (a byte order mark), and the
 * first byte that is not blank must open the array.
 */
export const jsonArrayReader = (file: string, start: number): RowReader => {
  const pending = new PendingBytes()
  pending.start = start
  let spans: Array<Span> = []
  let index = 0

  // Where the scan is: how deep in brackets (1 is between rows), inside a string or not, how many bytes to pass over.
  let depth = 0
  let inString = false
  let skip = 0
  let line = 1
  let read = start
  let ended = false
  // The row that has begun, if one has.
  let rowAt = -1
  let rowLine = 1

  const fail = (at: { readonly row: number; readonly line: number; readonly byte: number }, reason: string): never => {
    throw new RowsUnreadable({ file, ...at, reason })
  }

  const failHere = (position: number, reason: string): never =>
    fail({ row: index + spans.length, line, byte: read + position }, reason)

  const endRow = (position: number): void => {
    if (rowAt === -1) failHere(position, "there is no row before this comma or bracket")
    spans.push({ line: rowLine, from: rowAt, to: read + position })
    rowAt = -1
  }

  /** Scans a chunk; the position of the last comma or bracket that ends a row, or -1. */
  const scan = (chunk: Uint8Array): number => {
    let cut = -1
    let i = skip
    while (i < chunk.length) {
      const byte = chunk[i]
      if (inString) {
        if (byte === backslash) i++
        else if (byte === quote) inString = false
        i++
        continue
      }
      if (byte === lineFeed) line++
      if (byte !== undefined && byte > space) {
        if (ended) failHere(i, "something follows the bracket that closes the array")
        const closes = byte === closeBracket || byte === closeBrace
        if (depth === 1 && rowAt === -1 && byte !== comma && !closes) {
          rowAt = read + i
          rowLine = line
        }
        if (byte === quote) inString = true
        else if (byte === openBrace || byte === openBracket) depth++
        else if (closes) depth--
        if (depth === 1 && byte === comma) {
          endRow(i)
          cut = i
        } else if (depth === 0) {
          if (byte !== closeBracket) failHere(i, "the array is closed by a brace")
          if (rowAt !== -1 || index + spans.length > 0) endRow(i)
          ended = true
          cut = i
        }
      }
      i++
    }
    skip = i - chunk.length
    read += chunk.length
    return cut
  }

  /** The rows found, cut where a piece may end. */
  const rowsIn = (bytes: Buffer, offset: number): ReadonlyArray<RawRows> => {
    const cuts: Array<RawRows> = []
    let piece: Array<Span> = []
    let from = offset
    const cut = (elected: boolean) => {
      const [found, first, start, to] = [piece, index, from, piece.at(-1)?.to ?? from]
      // From after a comma on, so that white space is part of the text wherever the chunks were cut.
      const rows = bytes.subarray(start - offset, to - offset)
      const parse = () => parseSpans(file, rows, start, found, first)
      cuts.push({ layout: "array", bytes: rows, elected, parse })
      index += found.length
      from = to + 1
      piece = []
    }
    for (const span of spans) {
      piece.push(span)
      if (rowElectsItself(bytes, span.from - offset, span.to - offset)) cut(true)
    }
    if (piece.length > 0) cut(false)
    spans = []
    return cuts
  }

  const failInRow = (reason: string): never => fail({ row: index, line: rowLine, byte: rowAt }, reason)

  return {
    push: (chunk) => {
      const cut = scan(chunk)
      if (cut === -1) {
        pending.push(chunk)
        return pending.length <= longestRow ? [] : failInRow(`the row is longer than ${longestRow} bytes`)
      }
      const { bytes, offset } = pending.cut(chunk, cut)
      return rowsIn(bytes, offset)
    },
    end: () => {
      if (ended) return []
      if (rowAt !== -1) return failInRow("the file ends inside this row")
      return failHere(0, "the file ends before the array does")
    }
  }
}
