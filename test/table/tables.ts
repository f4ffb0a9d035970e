/** What the tests of tables share: a schema with every kind of column, rows for it, and a place on disk. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openTable } from "../../src/table/openTable.ts"
import { Float32s, Int32s } from "../../src/table/RowSchema.ts"
import { writeTable } from "../../src/table/writeTable.ts"

/** Every kind of column, missing in each way. */
export const Everything = Schema.Struct({
  text: Schema.String,
  maybe: Schema.NullOr(Schema.String),
  count: Schema.Int,
  score: Schema.optionalKey(Schema.Number),
  good: Schema.Boolean,
  split: Schema.Literals(["training", "validation"]),
  ids: Int32s,
  weights: Schema.NullOr(Float32s),
  tags: Schema.Array(Schema.String),
  sizes: Schema.optionalKey(Schema.Array(Schema.NullOr(Schema.Int))),
  choices: Schema.Array(Schema.Struct({ label: Schema.String, flag: Schema.NullOr(Schema.Boolean) })),
  origin: Schema.NullOr(Schema.Struct({ file: Schema.String, line: Schema.Int }))
})
export type Everything = typeof Everything.Type

/** A row that differs from its neighbours in every column. */
export const everything = (i: number): Everything => ({
  text: `第${i}の文 😀`,
  maybe: i % 3 === 0 ? null : `m${i}`,
  count: i % 2 === 0 ? 5 - i * 1_000_003 : Number.MAX_SAFE_INTEGER - i,
  ...(i % 4 === 0 ? {} : { score: i / 7 }),
  good: i % 5 < 2,
  split: i % 2 === 0 ? "training" : "validation",
  ids: Int32Array.from({ length: i % 6 }, (_, k) => i * 10 - k),
  weights: i % 7 === 3 ? null : Float32Array.from({ length: i % 3 }, (_, k) => i / (k + 3)),
  tags: Array.from({ length: i % 4 }, (_, k) => `札${i}-${k}`),
  ...(i % 5 === 0 ? {} : { sizes: Array.from({ length: i % 4 }, (_, k) => (k === 1 ? null : i + k)) }),
  choices: Array.from({ length: i % 3 }, (_, k) => ({ label: `${i}.${k}`, flag: k === 0 ? null : i % 2 === 0 })),
  origin: i % 6 === 5 ? null : { file: `f${i}`, line: i }
})

export const manyRows = (count: number): ReadonlyArray<Everything> =>
  Array.from({ length: count }, (_, i) => everything(i))

/** A folder that goes with the scope. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tanren-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** Cuts rows into batches of a size. */
export const inBatches = <Row>(rows: ReadonlyArray<Row>, size: number): Stream.Stream<ReadonlyArray<Row>> =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size))
  )

/** Writes rows into a fresh file and says where. */
export const written = <Row>(schema: Schema.Codec<Row, unknown>, rows: ReadonlyArray<Row>, size = 1_000) =>
  Effect.gen(function* () {
    const path = join(yield* folder, "table.arrow")
    return { path, ...(yield* writeTable(path, schema, inBatches(rows, size))) }
  })

/** All rows of a file. */
export const readAll = <Row>(path: string, schema: Schema.Codec<Row, unknown>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const table = yield* openTable(path, schema)
      return (yield* Stream.runCollect(table.batches)).flat()
    })
  )
