/** Arrow IPC files and streams, read record batch by record batch. */
import { RecordBatchReader } from "apache-arrow"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { ColumnsUnreadable } from "./Errors.ts"
import { plain } from "./plain.ts"
import type { RowBatch, RowFile } from "./RowFile.ts"

const magic = Buffer.from("ARROW1\0\0")

/** A file is a stream between a mark and a table of contents: without the mark it reads as one, from beginning to end. */
const withoutMark = async function* (bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let head: Buffer | null = Buffer.alloc(0)
  for await (const piece of bytes) {
    if (head === null) {
      yield piece
      continue
    }
    head = Buffer.concat([head, piece])
    if (head.length < magic.length) continue
    yield head.subarray(0, magic.length).equals(magic) ? head.subarray(magic.length) : head
    head = null
  }
  if (head !== null) yield head
}

/** The rows of a file. Memory holds one record batch and the dictionaries. */
export const readArrow = <E>({ path, stream }: RowFile<E>): Stream.Stream<RowBatch, ColumnsUnreadable> =>
  Stream.suspend(() => {
    const unreadable = (error: unknown) =>
      new ColumnsUnreadable({
        file: path,
        format: "Arrow",
        reason: error instanceof Error ? error.message : String(error)
      })
    let index = 0
    return Stream.fromAsyncIterable(
      (async function* () {
        const reader = await RecordBatchReader.from(withoutMark(Stream.toAsyncIterable(stream)))
        await reader.open()
        if (reader.schema === undefined) throw new Error("it has no schema")
        yield* reader
      })(),
      unreadable
    ).pipe(
      Stream.mapEffect((batch) =>
        Effect.try({
          try: (): RowBatch => {
            const rows: ReadonlyArray<unknown> = batch.toArray()
            const first = index
            index += rows.length
            const sourceRows = rows.map((row, at) => ({ value: plain(row), index: first + at, line: 0 }))
            return { path, text: null, rows: Effect.succeed(sourceRows) }
          },
          catch: unreadable
        })
      )
    )
  })
