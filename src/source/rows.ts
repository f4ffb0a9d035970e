/** Rows as files give them: values with their place, and readers that take a file's bytes piece by piece. */
import { isUtf8 } from "node:buffer"

/** One row of a file, not yet checked against any schema. */
export interface SourceRow {
  readonly value: unknown
  /** Row number in the file, from 0. */
  readonly index: number
  /** The line on which the row begins, from 1; 0 in a format without lines. */
  readonly line: number
}

/** Whole rows, one after the other, as bytes that are parsed when they are asked for. */
export interface RawRows {
  /** How rows are told apart; with the bytes, it decides the values. */
  readonly layout: "array" | "lines"
  readonly bytes: Uint8Array
  /** Whether a piece may end after these rows: their last one elects itself. */
  readonly elected: boolean
  /** Throws `RowsUnreadable`. */
  readonly parse: () => ReadonlyArray<SourceRow>
}

/** Takes a file's bytes in order and gives back the rows that they complete, up to one that elects itself or the last; throws `RowsUnreadable`. */
export interface RowReader {
  readonly push: (chunk: Uint8Array) => ReadonlyArray<RawRows>
  /** The rows that the end of the file completes. */
  readonly end: () => ReadonlyArray<RawRows>
}

/** A row longer than this is taken for a broken file: V8 cannot hold a string twice as long. */
export const longestRow = 2 ** 28

/** Bytes that await the end of their row. */
export class PendingBytes {
  #pieces: Array<Uint8Array> = []
  #length = 0
  /** Where in the file the pending bytes begin. */
  start = 0

  get length(): number {
    return this.#length
  }

  push(piece: Uint8Array): void {
    this.#pieces.push(piece)
    this.#length += piece.length
  }

  /** Everything pending; what comes next begins `skipped` bytes after it. */
  take(skipped: number): Buffer {
    const bytes = Buffer.concat(this.#pieces)
    this.#pieces = []
    this.#length = 0
    this.start += bytes.length + skipped
    return bytes
  }

  /** What is pending and the chunk up to `at`, and where that begins in the file; what follows that byte is pending next. */
  cut(chunk: Uint8Array, at: number): { readonly bytes: Buffer; readonly offset: number } {
    const offset = this.start
    this.push(chunk.subarray(0, at))
    const bytes = this.take(1)
    this.push(chunk.subarray(at + 1))
    return { bytes, offset }
  }
}

const replacement = Buffer.from("\ufffd")

/** Where bytes stop being UTF-8, or null. */
export const invalidUtf8At = (bytes: Buffer): number | null => {
  if (isUtf8(bytes)) return null
  // Decoding marks invalid bytes with U+FFFD: the first mark that the bytes do not spell out themselves is the place.
  let at = 0
  for (const valid of bytes.toString().split("\ufffd")) {
    at += Buffer.byteLength(valid)
    if (!bytes.subarray(at, at + replacement.length).equals(replacement)) return at
    at += replacement.length
  }
  return null
}

/** The value, or the reason why the text is no JSON. */
export const parseJson = (text: string): { readonly value: unknown } | { readonly reason: string } => {
  try {
    return { value: JSON.parse(text) }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}
