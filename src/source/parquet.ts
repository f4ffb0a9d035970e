/** Parquet files, read row group by row group. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type AsyncBuffer, parquetMetadataAsync, parquetReadObjects } from "hyparquet"
import { compressors } from "hyparquet-compressors"
import { ColumnsUnreadable } from "./Errors.ts"
import { plain } from "./plain.ts"
import type { RowBatch, RowFile } from "./RowFile.ts"

/** Rows that are passed on together. */
const batchRows = 4096

const unreadable = (file: string) => (error: unknown) =>
  new ColumnsUnreadable({ file, format: "Parquet", reason: error instanceof Error ? error.message : String(error) })

const bufferOf = <E>(size: number, slice: NonNullable<RowFile<E>["slice"]>): AsyncBuffer => ({
  byteLength: size,
  slice: async (start, end = size) => {
    // A negative start counts from the end, as for arrays.
    const from = start < 0 ? size + start : start
    const bytes = await Effect.runPromise(slice(from, end - from))
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer
  }
})

/** Rows of a group, a batch at a time, so that none is converted before it is asked for. */
const batchesOf = function* (path: string, objects: ReadonlyArray<unknown>, first: number): Generator<RowBatch> {
  for (let from = 0; from < objects.length; from += batchRows) {
    const rows = objects.slice(from, from + batchRows)
    yield {
      path,
      text: null,
      rows: Effect.sync(() => rows.map((value, at) => ({ value: plain(value), index: first + from + at, line: 0 })))
    }
  }
}

/** The rows of a file. Memory holds one row group: its bytes and its values. */
export const readParquet = <E>({ path, size, slice }: RowFile<E>): Stream.Stream<RowBatch, ColumnsUnreadable> =>
  Stream.unwrap(
    Effect.gen(function* () {
      if (slice === null) return yield* unreadable(path)("it lies in an archive; unpack it")
      const file = bufferOf(size, slice)
      const attempt = <A>(run: () => Promise<A>) => Effect.tryPromise({ try: run, catch: unreadable(path) })
      const metadata = yield* attempt(() => parquetMetadataAsync(file))
      let end = 0
      const groups = metadata.row_groups.map(({ num_rows }) => {
        const start = end
        end += Number(num_rows)
        return { rowStart: start, rowEnd: end }
      })
      return Stream.fromIterable(groups).pipe(
        Stream.mapEffect(({ rowEnd, rowStart }) =>
          Effect.map(
            attempt(() => parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd })),
            (objects) => batchesOf(path, objects, rowStart)
          )
        ),
        Stream.flatMap(Stream.fromIterable)
      )
    })
  )
