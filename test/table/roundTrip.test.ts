/** What is written is read back, whole or by position, in batches of bounded size, by us and by Arrow's own reader. */
import { assert, it } from "@effect/vitest"
import { tableFromIPC } from "apache-arrow"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { openTable } from "../../src/table/openTable.ts"
import { Int32s } from "../../src/table/RowSchema.ts"
import { Everything, everything, manyRows, readAll, written, writtenPart } from "./tables.ts"

it.effect("every kind of column comes back as it was", () =>
  Effect.gen(function* () {
    const rows = manyRows(97)
    const { files } = yield* written(Everything, rows)
    assert.deepStrictEqual(yield* readAll(files, Everything), rows)
  })
)

it.effect("a table without rows is a table", () =>
  Effect.gen(function* () {
    const { files, run } = yield* written(Everything, [])
    assert.strictEqual(run.rows, 0)
    assert.deepStrictEqual(yield* readAll(files, Everything), [])
  })
)

it.effect("rows by position come in the order asked for, few or many, repeated or not", () =>
  Effect.gen(function* () {
    const rows = manyRows(20_000)
    const { files } = yield* written(Everything, rows)
    assert.isAbove(files.length, 1)
    const table = yield* openTable(files, Everything)
    assert.strictEqual(table.rows, 20_000)
    const few = [19_999, 0, 8_192, 8_191, 0]
    assert.deepStrictEqual(yield* table.take(few), few.map(everything))
    const many = Int32Array.from({ length: 5_000 }, (_, i) => (i * 7_919) % 20_000)
    assert.deepStrictEqual(
      yield* table.take(many),
      Array.from(many, (i) => everything(i))
    )
    const failure = yield* Effect.flip(table.take([20_000]))
    assert.include(failure.message, "row 20000 was asked for")
  })
)

it.effect("batches are cut by rows and by bytes, whatever came in", () =>
  Effect.gen(function* () {
    const Page = Schema.Struct({ text: Schema.String })
    const pages = Array.from({ length: 10 }, (_, i) => ({ text: String(i).repeat(1 << 20) }))
    const { files } = yield* written(Page, pages, 10)
    const table = yield* openTable(files, Page)
    assert.isAbove((yield* Stream.runCollect(table.batches)).length, 2)
    const rows = yield* written(
      Page,
      Array.from({ length: 20_000 }, () => ({ text: "" })),
      20_000
    )
    const small = yield* openTable(rows.files, Page)
    const sizes = (yield* Stream.runCollect(small.batches)).map((batch) => batch.length)
    assert.deepStrictEqual(sizes, [8_192, 8_192, 3_616])
  })
)

it.effect("token columns come back as views of one batch, without a copy", () =>
  Effect.gen(function* () {
    const Tokens = Schema.Struct({ ids: Int32s })
    const { files } = yield* written(Tokens, [{ ids: Int32Array.of(1, 2) }, { ids: Int32Array.of(3) }])
    const [first, second] = yield* readAll(files, Tokens)
    assert.strictEqual(first?.ids.buffer, second?.ids.buffer)
  })
)

it.effect("Arrow's own reader reads the file, as file and as stream", () =>
  Effect.gen(function* () {
    const rows = manyRows(30)
    const bytes = readFileSync(yield* writtenPart(Everything, rows))
    for (const ipc of [bytes, bytes.subarray(8)]) {
      const table = tableFromIPC(ipc)
      assert.strictEqual(table.numRows, 30)
      assert.deepStrictEqual(
        [...(table.getChild("text") ?? [])],
        rows.map((row) => row.text)
      )
      assert.deepStrictEqual(
        [...(table.getChild("maybe") ?? [])],
        rows.map((row) => row.maybe)
      )
      assert.deepStrictEqual(
        [...(table.getChild("count") ?? [])],
        rows.map((row) => BigInt(row.count))
      )
      assert.deepStrictEqual(
        [...(table.getChild("ids") ?? [])].map((ids) => [...ids]),
        rows.map((row) => [...row.ids])
      )
      assert.deepStrictEqual(
        [...(table.getChild("origin") ?? [])].map((origin) => origin?.line ?? null),
        rows.map((row) => (row.origin === null ? null : BigInt(row.origin.line)))
      )
    }
  })
)

it.effect.prop(
  "any text, integers and lists survive",
  {
    rows: Schema.Array(
      Schema.Struct({
        text: Schema.NullOr(Schema.String.check(Schema.makeFilter((text) => text.isWellFormed()))),
        count: Schema.Int,
        lists: Schema.Array(Schema.Array(Schema.Finite))
      })
    )
  },
  ({ rows }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const Row = Schema.Struct({
          text: Schema.NullOr(Schema.String),
          count: Schema.Int,
          lists: Schema.Array(Schema.Array(Schema.Finite))
        })
        const { files } = yield* written(Row, rows, 3)
        // The sign of a zero is not kept by integers.
        const expected = rows.map((row) => ({ ...row, count: row.count + 0 }))
        assert.deepEqual(yield* readAll(files, Row), expected)
      })
    )
)
