/** Rows of JSON files as a stream: arrays or JSON Lines, gzipped or not, of any size. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createGunzip } from "node:zlib"
import type { FileSection } from "../pipeline/Reader.ts"
import { isOfLines } from "../store/cuts.ts"
import { NotGzip, RowsUnreadable } from "./Errors.ts"
import { jsonArrayReader } from "./jsonArray.ts"
import { jsonLinesReader, type Lines } from "./jsonLines.ts"
import type { RowBatch } from "./RowFile.ts"
import type { RowReader } from "./rows.ts"

const gzipName = /\.gz$/i
const byteOrderMark = Buffer.from("\ufeff")
const openBracket = 0x5b
const space = 0x20

/** How many bytes of a gzipped file are expanded at a time. */
const expandedChunk = 2 ** 17

/**
 * The rows of a file in its order, in batches of those that one chunk of bytes completes, or fewer where a piece may end: memory
 * holds two or three chunks and their rows, or the longest row.
 *
 * A name that ends in `.gz` says gzip. `.jsonl` and `.ndjson` say one row a line; any other name, an array if the first
 * byte that is not blank is `[` (or missing: an empty file is a broken array), else one row a line. Text is UTF-8, with
 * or without a byte order mark. Numbers are JavaScript's: integers beyond 2^53 lose digits.
 *
 * Fails with the bytes' own failure, with `NotGzip`, or with `RowsUnreadable`, which says where the file breaks.
 */
export const readRows = <E, R>(
  file: string,
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<RowBatch, E | NotGzip | RowsUnreadable, R> =>
  Stream.suspend(() => batchesOf(file, rowReader(file), gzipName.test(file) ? expanded(file, bytes) : bytes))

/** Bytes of a file between two places. */
export type BytesBetween<E> = (from: number, to: number) => Stream.Stream<Uint8Array, E>

/**
 * The rows of a section of a file of JSON Lines, in batches of those that one chunk of bytes completes. To know where they stand, all lines
 * are read from the `first` byte of the first section on.
 */
export const readSection = <E>(
  file: string,
  first: number,
  { length, offset }: FileSection,
  bytes: BytesBetween<E>,
  lines: Lines
): Stream.Stream<RowBatch, E | RowsUnreadable> =>
  Stream.suspend(() => {
    const begin = lines === "placed" ? first : offset
    const reader = jsonLinesReader(file, begin, lines)
    const before = Stream.runForEach(bytes(begin, offset), (chunk) => attempt(() => reader.push(chunk)))
    return Stream.concat(Stream.fromEffectDrain(before), batchesOf(file, reader, bytes(offset, offset + length)))
  })

const batchesOf = <E, R>(file: string, reader: RowReader, bytes: Stream.Stream<Uint8Array, E, R>) =>
  bytes.pipe(
    Stream.mapEffect((chunk) => attempt(() => reader.push(chunk))),
    Stream.concat(Stream.fromEffect(attempt(reader.end))),
    Stream.flattenIterable,
    Stream.map(({ bytes, elected, layout, parse }) => ({
      path: file,
      text: { layout, bytes, elected },
      rows: attempt(parse)
    }))
  )

const expanded = <E, R>(
  file: string,
  bytes: Stream.Stream<Uint8Array, E, R>
): Stream.Stream<Uint8Array, E | NotGzip, R> =>
  NodeStream.pipeThroughDuplex(bytes, {
    evaluate: () => createGunzip({ chunkSize: expandedChunk }),
    onError: (error) => new NotGzip({ file, reason: error instanceof Error ? error.message : String(error) }),
    chunkSize: 1
  })

const attempt = <A>(read: () => A): Effect.Effect<A, RowsUnreadable> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(read())
    } catch (error) {
      if (error instanceof RowsUnreadable) return Effect.fail(error)
      throw error
    }
  })

/** Reads rows of either layout, once the first bytes have told which. */
const rowReader = (file: string): RowReader => {
  let head = Buffer.alloc(0)
  let reader: RowReader | null = null

  const choose = (): RowReader => {
    const start = head.subarray(0, byteOrderMark.length).equals(byteOrderMark) ? byteOrderMark.length : 0
    head = head.subarray(start)
    const first = head.find((byte) => byte > space)
    const isArray = !isOfLines(file.replace(gzipName, "")) && (first === undefined || first === openBracket)
    return isArray ? jsonArrayReader(file, start) : jsonLinesReader(file, start)
  }

  return {
    push: (chunk) => {
      if (reader !== null) return reader.push(chunk)
      head = Buffer.concat([head, chunk])
      if (head.length <= byteOrderMark.length || head.every((byte) => byte <= space)) return []
      reader = choose()
      return reader.push(head)
    },
    end: () => {
      if (reader !== null) return reader.end()
      reader = choose()
      return [...reader.push(head), ...reader.end()]
    }
  }
}
