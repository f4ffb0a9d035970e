/** JSON Lines, read piece by piece: one row a line, blank lines passed over. */
import { RowsUnreadable } from "./Errors.ts"
import { invalidUtf8At, longestRow, parseJson, PendingBytes, type RowReader, type SourceRow } from "./rows.ts"

const lineFeed = 0x0a
const blank = /^[ \t\r]*$/

/** Holds one line, or the lines of one chunk. `start` is the number of bytes that came before (a byte order mark). */
export const jsonLinesReader = (file: string, start: number): RowReader => {
  const pending = new PendingBytes()
  pending.start = start
  let index = 0
  let line = 1

  const parse = (bytes: Buffer, offset: number): ReadonlyArray<SourceRow> => {
    const invalid = invalidUtf8At(bytes)
    const text = (invalid === null ? bytes : bytes.subarray(0, invalid)).toString()
    const lines = text.split("\n")
    const last = invalid === null ? null : lines.pop()
    const rows: Array<SourceRow> = []
    let byte = offset
    for (const rowText of lines) {
      if (!blank.test(rowText)) {
        const parsed = parseJson(rowText)
        if ("reason" in parsed) throw new RowsUnreadable({ file, row: index, line, byte, reason: parsed.reason })
        rows.push({ value: parsed.value, index, line })
        index++
      }
      byte += Buffer.byteLength(rowText) + 1
      line++
    }
    if (last !== null) {
      throw new RowsUnreadable({ file, row: index, line, byte: offset + (invalid ?? 0), reason: "invalid UTF-8" })
    }
    return rows
  }

  return {
    push: (chunk) => {
      const cut = chunk.lastIndexOf(lineFeed)
      if (cut === -1) {
        pending.push(chunk)
        if (pending.length <= longestRow) return []
        const reason = `the line is longer than ${longestRow} bytes`
        throw new RowsUnreadable({ file, row: index, line, byte: pending.start, reason })
      }
      const { bytes, offset } = pending.cut(chunk, cut)
      return parse(bytes, offset)
    },
    end: () => {
      const offset = pending.start
      return parse(pending.take(0), offset)
    }
  }
}
