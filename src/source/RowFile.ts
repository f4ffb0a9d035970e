/** A file of rows, and the formats that the ends of names tell. */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { RowsUnreadable } from "./Errors.ts"
import type { RawRows, SourceRow } from "./rows.ts"

export interface RowFile<E> {
  /** Its path; of a file in an archive "archive.zip/path". */
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly stream: Stream.Stream<Uint8Array, E>
  /** Bytes from an offset on; null where they come in order only, as out of an archive. */
  readonly slice: ((offset: number, length: number) => Effect.Effect<Uint8Array, E>) | null
}

/** Rows that were read together, and the file that they stand in. */
export interface RowBatch {
  readonly path: string
  /** The text that they are parsed from; null in a format that is no text. */
  readonly text: Pick<RawRows, "layout" | "bytes" | "elected"> | null
  readonly rows: Effect.Effect<ReadonlyArray<SourceRow>, RowsUnreadable>
}

/** JSON is what a name says that says nothing else. */
export type RowFormat = "json" | "zip" | "parquet" | "arrow"

const ends: ReadonlyArray<readonly [RegExp, RowFormat]> = [
  [/\.zip$/i, "zip"],
  [/\.parquet$/i, "parquet"],
  [/\.(arrow|feather)$/i, "arrow"]
]

export const formatOf = (path: string): RowFormat => ends.find(([end]) => end.test(path))?.[1] ?? "json"
