/** JSON Lines, read piece by piece: one row a line, blank lines passed over. */
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
const blank = /^[ \t\r]*$/

/** Where lines begin: a byte of the file, the number of rows before it, and the line. */
interface Place {
  readonly byte: number
  readonly row: number
  readonly line: number
}

const isBlank = (bytes: Buffer, from: number, to: number): boolean => {
  const first = bytes[from]
  // Most lines begin with a brace, so that the rest need not be looked at.
  return from === to || (first !== undefined && first <= 0x20 && blank.test(bytes.toString("latin1", from, to)))
}

const parseLines = (file: string, bytes: Buffer, start: Place): ReadonlyArray<SourceRow> => {
  let { byte, line, row } = start
  const invalid = invalidUtf8At(bytes)
  const text = (invalid === null ? bytes : bytes.subarray(0, invalid)).toString()
  const lines = text.split("\n")
  const last = invalid === null ? null : lines.pop()
  const rows: Array<SourceRow> = []
  for (const rowText of lines) {
    if (!blank.test(rowText)) {
      const parsed = parseJson(rowText)
      if ("reason" in parsed) throw new RowsUnreadable({ file, row, line, byte, reason: parsed.reason })
      rows.push({ value: parsed.value, index: row, line })
      row++
    }
    byte += Buffer.byteLength(rowText) + 1
    line++
  }
  if (last !== null) {
    throw new RowsUnreadable({ file, row, line, byte: start.byte + (invalid ?? 0), reason: "invalid UTF-8" })
  }
  return rows
}

/** Whether rows say where they stand, and batches end where a piece may; or neither, which spares a look at each line. */
export type Lines = "placed" | "unplaced"

/** Holds one line, or the lines of one chunk. `start` is the number of bytes that came before (a byte order mark). */
export const jsonLinesReader = (file: string, start: number, lines: Lines = "placed"): RowReader => {
  const pending = new PendingBytes()
  pending.start = start
  let row = 0
  let line = 1

  const batch = (bytes: Buffer, place: Place, elected: boolean): RawRows => ({
    layout: "lines",
    bytes,
    elected,
    parse: () => parseLines(file, bytes, place)
  })

  /** Whole lines, cut where a piece may end. */
  const placedLines = (bytes: Buffer, offset: number): ReadonlyArray<RawRows> => {
    const batches: Array<RawRows> = []
    let place = { byte: offset, row, line }
    let from = 0
    // The line feed after the last line is not among the bytes: an empty end is an empty line.
    for (let at = 0; at <= bytes.length;) {
      const found = bytes.indexOf(lineFeed, at)
      const end = found === -1 ? bytes.length : found
      if (!isBlank(bytes, at, end)) row++
      line++
      if (rowElectsItself(bytes, at, end)) {
        batches.push(batch(bytes.subarray(from, end), place, true))
        from = end + 1
        place = { byte: offset + from, row, line }
      }
      at = end + 1
    }
    if (from < bytes.length) batches.push(batch(bytes.subarray(from), place, false))
    return batches
  }

  const linesIn = (bytes: Buffer, offset: number): ReadonlyArray<RawRows> =>
    lines === "placed" ? placedLines(bytes, offset) : [batch(bytes, { byte: offset, row, line }, false)]

  return {
    push: (chunk) => {
      const cut = chunk.lastIndexOf(lineFeed)
      if (cut === -1) {
        pending.push(chunk)
        if (pending.length <= longestRow) return []
        const reason = `the line is longer than ${longestRow} bytes`
        throw new RowsUnreadable({ file, row, line, byte: pending.start, reason })
      }
      const { bytes, offset } = pending.cut(chunk, cut)
      return linesIn(bytes, offset)
    },
    end: () => {
      const offset = pending.start
      return linesIn(pending.take(0), offset)
    }
  }
}
