/** Rows of a file in whichever format its name tells. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ArchiveRefused, ColumnsUnreadable, NothingMatched, NotGzip, RowsUnreadable } from "./Errors.ts"
import { formatOf, type RowBatch, type RowFile } from "./RowFile.ts"

export type ReadFailure = ArchiveRefused | ColumnsUnreadable | NothingMatched | NotGzip | RowsUnreadable

/**
 * The rows of a file, in its order: JSON arrays and JSON Lines, gzipped or not, Parquet, Arrow, and zip archives of such files,
 * of which `members` are glob patterns. Formats other than JSON are loaded when they are met. Memory: see the reader of each.
 */
export const readFile = <E>(
  file: RowFile<E>,
  members: ReadonlyArray<string>
): Stream.Stream<RowBatch, E | ReadFailure> =>
  Stream.unwrap(
    Effect.promise(async (): Promise<Stream.Stream<RowBatch, E | ReadFailure>> => {
      switch (formatOf(file.path)) {
        case "json": {
          const { readRows } = await import("./json.ts")
          return readRows(file.path, file.stream)
        }
        case "zip": {
          const { readArchive } = await import("./archive.ts")
          return readArchive(file, members, (member) => readFile(member, []))
        }
        case "parquet": {
          const { readParquet } = await import("./parquet.ts")
          return readParquet(file)
        }
        case "arrow": {
          const { readArrow } = await import("./arrow.ts")
          return readArrow(file)
        }
      }
    })
  )
