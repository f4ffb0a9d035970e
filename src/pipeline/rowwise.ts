/** Tables made piece by piece: what a stage makes of each row alone, it makes of each part of a table alone. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { PiecedRows, StageFailure, TableContent, TableReader } from "./Reader.ts"

/**
 * The rows that `each` makes of the batches of a table, which may be more or fewer, in their order. What it makes of a row must depend on
 * that row, on the config and on the stage's other inputs alone: parts of the table that were there before are not looked at again. `first` is the
 * position of the batch's first row, for messages and progress. `judge` hears how many rows were made in all.
 */
export const rowwise = <Row, Made>(
  table: TableReader<Row>,
  each: (batch: ReadonlyArray<Row>, first: number) => Effect.Effect<ReadonlyArray<Made>, StageFailure>,
  judge: (rows: number) => Effect.Effect<void, StageFailure> = () => Effect.void
): PiecedRows<Made> => ({
  from: table,
  pieces: Stream.fromIterable(table.parts).pipe(
    Stream.rechunk(1),
    Stream.map((part) => {
      let at = part.first
      const rows = Stream.mapEffect(part.batches, (batch) => {
        const first = at
        at += batch.length
        return each(batch, first)
      })
      // A table of one part changes as a whole.
      return { decidedBy: table.parts.length > 1 ? `part ${part.digest}` : null, rows }
    })
  ),
  judge
})

const isPieced = <Row>(content: TableContent<Row>): content is PiecedRows<Row> => "pieces" in content

/** A table's content as pieces: one that nothing but the whole decides, unless the stage gave several. */
export const piecesOf = <Row>(content: TableContent<Row>): PiecedRows<Row> =>
  isPieced(content)
    ? content
    : { from: null, pieces: Stream.succeed({ decidedBy: null, rows: content }), judge: () => Effect.void }
