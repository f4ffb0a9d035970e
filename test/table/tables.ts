/** What the tests of tables share: a schema with every kind of column, rows for it, and a place on disk. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openTable, type PartFile } from "../../src/table/openTable.ts"
import { Float32s, Int32s } from "../../src/table/RowSchema.ts"
import { type PartFiles, writeTable, type WrittenTable } from "../../src/table/writeTable.ts"

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

/** Files of parts in a folder, numbered. */
export const partsIn = (path: string): PartFiles<string, never, never> => {
  let parts = 0
  return { temporary: Effect.sync(() => join(path, `part-${parts++}.arrow`)), keep: Effect.succeed }
}

/** What was written, as files to open. */
export const openable = ({ parts }: WrittenTable<string>): ReadonlyArray<PartFile> =>
  parts.map(({ file, rows }) => ({ path: file, rows, digest: file, ready: Effect.void }))

/** One file, to open as a table of so many rows. */
export const oneFile = (path: string, rows = 1): ReadonlyArray<PartFile> => [
  { path, rows, digest: path, ready: Effect.void }
]

/** Writes rows into fresh files and says where. */
export const written = <Row>(schema: Schema.Codec<Row, unknown>, rows: ReadonlyArray<Row>, size = 1_000) =>
  Effect.gen(function* () {
    const table = yield* writeTable(schema, inBatches(rows, size), partsIn(yield* folder))
    return { ...table, files: openable(table) }
  })

/** Writes a few rows, at least one, which make one part: its path. */
export const writtenPart = <Row>(schema: Schema.Codec<Row, unknown>, rows: ReadonlyArray<Row>) =>
  Effect.map(written(schema, rows), ({ parts }) => {
    const [part] = parts
    if (part === undefined || parts.length > 1) throw new Error(`${rows.length} rows make ${parts.length} parts`)
    return part.file
  })

/** All rows of a table. */
export const readAll = <Row>(files: ReadonlyArray<PartFile>, schema: Schema.Codec<Row, unknown>) =>
  Effect.flatMap(openTable(files, schema), ({ batches }) => Effect.map(Stream.runCollect(batches), (all) => all.flat()))
