/** The logical digest sees every value and the schema, and nothing else. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { writeTable } from "../../src/table/writeTable.ts"
import { Int32s } from "../../src/table/RowSchema.ts"
import { encodeRows } from "../../src/table/encodeRows.ts"
import { logicalDigest } from "../../src/table/LogicalDigest.ts"
import { fieldsOf } from "../../src/table/RowSchema.ts"
import { Everything, everything, folder, inBatches, manyRows } from "./tables.ts"

/** The digest of rows that are hashed in batches of a size. */
const digest = <Row>(schema: Schema.Codec<Row, unknown>, rows: ReadonlyArray<Row>, size: number) =>
  Effect.map(fieldsOf(schema), (fields) => {
    const running = logicalDigest(fields)
    for (let i = 0; i < rows.length; i += size) running.update(encodeRows(fields, rows.slice(i, i + size)))
    return running.finish(rows.length)
  })

const base = manyRows(41)

for (const size of [1, 2, 7, 40]) {
  it.effect(`batches of ${size} give the digest of one batch`, () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* digest(Everything, base, size), yield* digest(Everything, base, 41))
    })
  )
}

it.effect("a file's digest is that of its rows, and its bytes do not depend on the batches that came in", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "table.arrow")
    const one = yield* writeTable(path, Everything, Stream.make(base))
    const many = yield* writeTable(path, Everything, inBatches(base, 3))
    assert.strictEqual(one.digest, yield* digest(Everything, base, 5))
    assert.deepStrictEqual(many, one)
  })
)

const other = everything(42)
for (const column of Object.keys(Everything.fields)) {
  it.effect(`another value of "${column}" in any row is another digest`, () =>
    Effect.gen(function* () {
      const before = yield* digest(Everything, base, 41)
      for (const row of [0, 17, 40]) {
        const changed = base.map((each, i) => (i === row ? { ...each, [column]: Reflect.get(other, column) } : each))
        if (JSON.stringify(changed) === JSON.stringify(base)) continue
        assert.notStrictEqual(yield* digest(Everything, changed, 41), before)
      }
    })
  )
}

it.effect("order, a missing row, and a null against an empty text are seen", () =>
  Effect.gen(function* () {
    const Maybe = Schema.Struct({ a: Schema.NullOr(Schema.String), b: Schema.String })
    const rows = [
      { a: "x", b: "yz" },
      { a: null, b: "" },
      { a: "xy", b: "z" }
    ]
    const variants = [
      rows,
      rows.toReversed(),
      rows.slice(0, 2),
      rows.map((row) => ({ ...row, a: row.a ?? "" })),
      [
        { a: "xx", b: "yz" },
        { a: null, b: "" },
        { a: "y", b: "z" }
      ],
      [
        { a: null, b: "yz" },
        { a: "x", b: "" },
        { a: "xy", b: "z" }
      ]
    ]
    const digests = yield* Effect.forEach(variants, (variant) => digest(Maybe, variant, 2))
    assert.strictEqual(new Set(digests).size, variants.length)
  })
)

it.effect("names, types and the order of columns are seen, refinements are not", () =>
  Effect.gen(function* () {
    const empty = yield* Effect.all([
      digest(Schema.Struct({ a: Schema.String, b: Schema.Int }), [], 1),
      digest(Schema.Struct({ b: Schema.Int, a: Schema.String }), [], 1),
      digest(Schema.Struct({ a: Schema.String, c: Schema.Int }), [], 1),
      digest(Schema.Struct({ a: Schema.String, b: Schema.Number }), [], 1),
      digest(Schema.Struct({ a: Schema.NullOr(Schema.String), b: Schema.Int }), [], 1)
    ])
    assert.strictEqual(new Set(empty).size, empty.length)
    assert.strictEqual(yield* digest(Schema.Struct({ a: Schema.NonEmptyString, b: Schema.Natural }), [], 1), empty[0])
  })
)

it.effect.prop(
  "a change of one token is seen wherever it is",
  { ids: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 60_000 }))), at: Schema.Natural },
  ({ at, ids }) =>
    Effect.gen(function* () {
      if (ids.length === 0) return
      const Tokens = Schema.Struct({ ids: Int32s })
      const changed = ids.map((id, i) => (i === at % ids.length ? id + 1 : id))
      const of = (each: ReadonlyArray<number>) => digest(Tokens, [{ ids: Int32Array.from(each) }], 1)
      assert.notStrictEqual(yield* of(ids), yield* of(changed))
    })
)
