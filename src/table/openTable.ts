/** Reads a table: its parts one after the other, or any rows by position. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { StageFailure, TableReader } from "../pipeline/Reader.ts"
import type { ColumnUnsupported } from "./Errors.ts"
import { attempt, partReader } from "./partReader.ts"
import { fieldsOf } from "./RowSchema.ts"
import { bySpan, inPlaces } from "./spans.ts"

/** A part of a table, as it lies on disk. */
export interface PartFile {
  readonly path: string
  readonly rows: number
  /** sha256 of the file, in hex. */
  readonly digest: string
  /** Comes before the file is first read: it fails where the file is not to be believed. */
  readonly ready: Effect.Effect<void, StageFailure>
}

/**
 * A reader of a table. Memory holds the places of the buffers of the parts that were read, and one batch at a time per reading stream; no
 * file stays open between two reads.
 */
export const openTable = <Row>(
  files: ReadonlyArray<PartFile>,
  schema: Schema.Codec<Row, unknown>
): Effect.Effect<TableReader<Row>, ColumnUnsupported> =>
  Effect.map(fieldsOf(schema), (fields) => {
    let rows = 0
    const opened = files.map(({ digest, path, ready, rows: count }) => {
      const first = rows
      rows += count
      return { digest, first, rows: count, ready, reader: partReader(path, fields) }
    })
    const parts = opened.map(({ digest, first, reader, ready, rows: count }) => ({
      digest,
      first,
      rows: count,
      // The file's schema is compared with this one, and each column is decoded as its field says.
      batches: Stream.concat(Stream.fromEffectDrain(ready), reader.batches) as Stream.Stream<
        ReadonlyArray<Row>,
        StageFailure
      >
    }))
    return {
      rows,
      schema,
      parts,
      batches: Stream.flatMap(Stream.fromIterable(parts), (part) => part.batches),
      take: (indices) =>
        Effect.gen(function* () {
          const last = files.at(-1)?.path ?? "without rows"
          const asked = yield* attempt(last, () => bySpan(opened, indices))
          const groups = []
          for (const [{ reader, ready }, { places, within }] of asked) {
            yield* ready
            groups.push({ places, items: (yield* reader.take(within)) as ReadonlyArray<Row> })
          }
          return inPlaces(groups)
        })
    }
  })
