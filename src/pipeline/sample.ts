/** Readers over a few rows in memory that stand for a table of more: what estimates are made from. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { StageFailure, TableReader } from "./Reader.ts"

/** Rows a batch: enough to compute side by side, few enough that a short look sees several. */
const batchRows = 256

/**
 * A reader of a table of which these rows were drawn evenly. It says that it has `total` rows; its batches give those that
 * there are, and each position is answered by the row that stands for it.
 */
export const sampleReader = <Row>(
  sample: ReadonlyArray<Row>,
  schema: Schema.Codec<Row, unknown>,
  total: number = sample.length
): TableReader<Row> => {
  const batches = Stream.fromIterable(
    Array.from({ length: Math.ceil(sample.length / batchRows) }, (_, at) =>
      sample.slice(at * batchRows, (at + 1) * batchRows)
    )
  )
  return {
    rows: total,
    schema,
    batches,
    parts: [{ digest: "sample", first: 0, rows: total, batches }],
    take: (indices) =>
      Effect.sync(() =>
        Array.from(indices, (index) => sample[Math.floor((index * sample.length) / total)]).filter(
          (row) => row !== undefined
        )
      )
  }
}

/** All the rows that a sample has. */
export const sampled = <Row>(reader: TableReader<Row>): Effect.Effect<ReadonlyArray<Row>, StageFailure> =>
  Effect.map(Stream.runCollect(reader.batches), (batches) => [...batches].flat())
