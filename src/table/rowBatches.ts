/** Rows as they come, made to columns and hashed. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Column } from "./Column.ts"
import { encodeRows, Misfit, weightOf } from "./encodeRows.ts"
import { RowFailure } from "./Errors.ts"
import type { Field } from "./Field.ts"
import { type HashRows, rowHasher } from "./rowHash.ts"

export interface RowBatch {
  readonly columns: ReadonlyArray<Column>
  /** Of each row in hex, one after the other. */
  readonly hashes: string
  /** About how many bytes each row takes. */
  readonly weights: Float64Array
}

/** A batch ends at whichever comes first. */
const largest = { rows: 4_096, bytes: 4 * 1024 * 1024 }

interface Weighed {
  /** How many rows came before. */
  readonly first: number
  readonly rows: ReadonlyArray<unknown>
  readonly weights: Float64Array
}

/** Batches of all rows, in their order. Memory: one of them, and the rows that came in. */
export const rowBatches = <E, R>(
  fields: ReadonlyArray<Field>,
  rows: Stream.Stream<ReadonlyArray<unknown>, E, R>
): Stream.Stream<RowBatch, E | RowFailure, R> =>
  Stream.suspend(() => {
    const hashRows = rowHasher(fields)
    let first = 0
    return rows.pipe(
      Stream.map((incoming) => {
        const cuts = cut(fields, incoming, first)
        first += incoming.length
        return cuts
      }),
      Stream.flattenIterable,
      Stream.rechunk(1),
      Stream.mapEffect((weighed) => encode(fields, hashRows, weighed))
    )
  })

const cut = (fields: ReadonlyArray<Field>, incoming: ReadonlyArray<unknown>, first: number): ReadonlyArray<Weighed> => {
  const cuts: Array<Weighed> = []
  const weights = new Float64Array(incoming.length)
  for (let from = 0; from < incoming.length;) {
    let to = from
    for (let bytes = 0; to < incoming.length && to - from < largest.rows && bytes < largest.bytes; to++) {
      const weight = weightOf(fields, incoming[to])
      weights[to] = weight
      bytes += weight
    }
    cuts.push({ first: first + from, rows: incoming.slice(from, to), weights: weights.subarray(from, to) })
    from = to
  }
  return cuts
}

const encode = (
  fields: ReadonlyArray<Field>,
  hashRows: HashRows,
  { first, rows, weights }: Weighed
): Effect.Effect<RowBatch, RowFailure> =>
  Effect.suspend(() => {
    try {
      const columns = encodeRows(fields, rows)
      return Effect.succeed({ columns, hashes: hashRows(columns, rows.length), weights })
    } catch (cause) {
      if (!(cause instanceof Misfit)) throw cause
      const { expected, found, path: field, row } = cause
      return Effect.fail(new RowFailure({ row: first + row, field, found, expected }))
    }
  })
