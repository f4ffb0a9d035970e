/** Where text is cut into pieces: its own rows say, so that most pieces of a text that was changed are those it had before. */
import { crc32 } from "node:zlib"

/** Whether a name says that a file, as it is, has one row a line: such a file can be cut without being parsed. */
export const isOfLines = (path: string): boolean => /\.(jsonl|ndjson)$/i.test(path)

/** Bytes: a row that begins after fewer is not asked whether it ends its piece, nor even looked at where that can be spared. */
export const smallestPiece = 7 * 2 ** 19

/** Bytes: a piece that has as many ends with the row that made them so many. */
export const largestPiece = 2 ** 24

/**
 * Bytes from the smallest size of a piece to its end, on average: enough for two ways of cutting to meet soon after a change, and few
 * enough for most rows not to be looked at.
 */
const beyondSmallest = 3 * 2 ** 19

/** A checksum of a row, or of what of it comes after bytes that have this checksum. It takes in all bytes, for where rows differ, nobody knows. */
export const checksumOf = (bytes: Uint8Array, from: number, to: number, before = 0): number =>
  crc32(bytes.subarray(from, to), before)

/**
 * Whether a row may end a piece: by its own bytes alone, and the likelier the longer it is, so that pieces of long rows are no larger
 * than those of short ones.
 */
export const electsItself = (checksum: number, length: number): boolean =>
  checksum < length * (2 ** 32 / beyondSmallest)

/** The same of a row in memory, from `from` to `to` (exclusive). */
export const rowElectsItself = (bytes: Uint8Array, from: number, to: number): boolean =>
  electsItself(checksumOf(bytes, from, to), to - from)

/** Whether a piece of so many bytes ends with its last row, which elected itself or did not. */
export const endsPiece = (bytes: number, elected: boolean): boolean => bytes >= (elected ? smallestPiece : largestPiece)
