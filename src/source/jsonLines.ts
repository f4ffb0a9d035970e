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

/** Whether batches end with each row that elects itself, or with the bytes alone, where it is known already what a piece is. */
export type Cut = "by content" | "as it comes"

/** Holds one line, or the lines of one chunk. `start` is the number of bytes that came before (a byte order mark). */
export const jsonLinesReader = (file: string, start: number, cutting: Cut = "by content"): RowReader => {
  const pending = new PendingBytes()
  pending.start = start
  let row = 0
  let line = 1

  /** Whole lines, cut where a piece may end. */
  const linesIn = (bytes: Buffer, offset: number): ReadonlyArray<RawRows> => {
    const cuts: Array<RawRows> = []
    let place = { byte: offset, row, line }
    let from = 0
    const cut = (to: number, elected: boolean) => {
      const [lines, start] = [bytes.subarray(from, to), place]
      cuts.push({ layout: "lines", bytes: lines, elected, parse: () => parseLines(file, lines, start) })
    }
    // The line feed after the last line is not among the bytes: an empty end is an empty line.
    for (let at = 0; at <= bytes.length;) {
      const found = bytes.indexOf(lineFeed, at)
      const end = found === -1 ? bytes.length : found
      if (!isBlank(bytes, at, end)) row++
      line++
      if (cutting === "by content" && rowElectsItself(bytes, at, end)) {
        cut(end, true)
        from = end + 1
        place = { byte: offset + from, row, line }
      }
      at = end + 1
    }
    if (from < bytes.length) cut(bytes.length, false)
    return cuts
  }

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
