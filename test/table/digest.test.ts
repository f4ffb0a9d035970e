/** The digest of a table sees every value and the schema, and nothing else. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { hash } from "node:crypto"
import { readFileSync } from "node:fs"
import { encodeRows } from "../../src/table/encodeRows.ts"
import { hashDigits, rowHasher } from "../../src/table/rowHash.ts"
import { fieldsOf, Int32s } from "../../src/table/RowSchema.ts"
import { append, noRows, type Run, runOf, tableDigest } from "../../src/table/Run.ts"
import { Everything, everything, manyRows, written } from "./tables.ts"

/** The digest of rows, of which runs of a size are put together. */
const digest = <Row>(schema: Schema.Codec<Row, unknown>, rows: ReadonlyArray<Row>, size = rows.length) =>
  Effect.map(fieldsOf(schema), (fields) => {
    const hashOf = rowHasher(fields)
    const runs: Array<Run> = []
    for (let i = 0; i < rows.length; i += size) {
      const some = rows.slice(i, i + size)
      runs.push(runOf(hashOf(encodeRows(fields, some), some.length), 0, some.length))
    }
    return tableDigest(fields, runs.reduce(append, noRows))
  })

const base = manyRows(41)

for (const size of [1, 2, 7, 40]) {
  it.effect(`runs of ${size} rows give the digest of one run`, () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* digest(Everything, base, size), yield* digest(Everything, base))
    })
  )
}

it.effect.prop(
  "runs are a monoid: however rows are cut, and whichever pieces are put together first, the run is the same",
  { rows: Schema.Array(Schema.Natural), cuts: Schema.Tuple([Schema.Natural, Schema.Natural]) },
  ({ cuts, rows }) =>
    Effect.gen(function* () {
      const Numbers = Schema.Struct({ n: Schema.Int })
      const fields = yield* fieldsOf(Numbers)
      // Enough rows that several of them end a group.
      const many = Array.from({ length: 50 }, (_, i) => rows.map((n) => ({ n: n + i }))).flat()
      const hashes = rowHasher(fields)(encodeRows(fields, many), many.length)
      assert.strictEqual(hashes.length, hashDigits * many.length)
      const whole = runOf(hashes, 0, many.length)
      const [from, to] = cuts.map((cut) => cut % (many.length + 1)).toSorted((a, b) => a - b) as [number, number]
      const [a, b, c] = [runOf(hashes, 0, from), runOf(hashes, from, to), runOf(hashes, to, many.length)]
      const oneByOne = many.reduce((run, _, row) => append(run, runOf(hashes, row, row + 1)), noRows)
      assert.deepStrictEqual(oneByOne, whole)
      assert.deepStrictEqual(append(append(a, b), c), whole)
      assert.deepStrictEqual(append(a, append(b, c)), whole)
      assert.deepStrictEqual(append(noRows, a), a)
      assert.deepStrictEqual(append(a, noRows), a)
    })
)

it.effect("parts, and the bytes of their files, do not depend on the batches that came in", () =>
  Effect.gen(function* () {
    const rows = manyRows(40_000)
    const one = yield* written(Everything, rows, 40_000)
    const many = yield* written(Everything, rows, 777)
    assert.isAbove(one.parts.length, 1)
    assert.deepStrictEqual(many.run, one.run)
    assert.deepStrictEqual(many.parts.map(bytesOf), one.parts.map(bytesOf))
    assert.strictEqual(tableDigest(yield* fieldsOf(Everything), one.run), yield* digest(Everything, rows))
  })
)

it.effect("digests and files are those of the stores that there are", () =>
  Effect.gen(function* () {
    const { parts, run } = yield* written(Everything, manyRows(40_000), 777)
    const sha256 = (text: string) => hash("sha256", text)
    assert.deepStrictEqual(
      [sha256(JSON.stringify(run)), ...parts.map((part) => sha256(bytesOf(part)))],
      [
        "51d3691cf7d1ea412c3572e110e0a03b48884b8c8d117d90a6b5b35280f7be83",
        "6014f2a2622b059b87991862045c83e1009aed1d5bcacb554ed88f6ade6bf14c",
        "9dd8cf17449d73528c9cf2bcaf760c38c54f0bb626d7f7b27b74e4b283343624"
      ]
    )
  })
)

it.effect("rows that are put in, changed or taken out leave the parts before and after them as they were", () =>
  Effect.gen(function* () {
    const rows = manyRows(200_000)
    const before = yield* written(Everything, rows)
    const edits = [
      rows.toSpliced(100_000, 0, everything(300_000)),
      rows.toSpliced(50_000, 1, everything(300_001)),
      rows.toSpliced(150_000, 3),
      [...rows, ...manyRows(10)]
    ]
    const known = new Set(before.parts.map(bytesOf))
    for (const edited of edits) {
      const after = yield* written(Everything, edited)
      const changed = after.parts.filter((part) => !known.has(bytesOf(part)))
      assert.isAtMost(changed.length, 2)
      assert.isAbove(after.parts.length, 5)
    }
  })
)

const bytesOf = ({ file }: { readonly file: string }): string => readFileSync(file, "base64")

const other = everything(42)
for (const column of Object.keys(Everything.fields)) {
  it.effect(`another value of "${column}" in any row is another digest`, () =>
    Effect.gen(function* () {
      const before = yield* digest(Everything, base)
      for (const row of [0, 17, 40]) {
        const changed = base.map((each, i) => (i === row ? { ...each, [column]: Reflect.get(other, column) } : each))
        if (JSON.stringify(changed) === JSON.stringify(base)) continue
        assert.notStrictEqual(yield* digest(Everything, changed), before)
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

it.effect("which of several values is missing is seen, where the others are the same", () =>
  Effect.gen(function* () {
    const Flags = Schema.Struct({ a: Schema.NullOr(Schema.Boolean), b: Schema.NullOr(Schema.Boolean) })
    const rows = [
      { a: null, b: true },
      { a: true, b: null },
      { a: null, b: null }
    ]
    const digests = yield* Effect.forEach(rows, (row) => digest(Flags, [row]))
    assert.strictEqual(new Set(digests).size, rows.length)
  })
)

it.effect("names, types and the order of columns are seen, refinements are not", () =>
  Effect.gen(function* () {
    const empty = yield* Effect.all([
      digest(Schema.Struct({ a: Schema.String, b: Schema.Int }), []),
      digest(Schema.Struct({ b: Schema.Int, a: Schema.String }), []),
      digest(Schema.Struct({ a: Schema.String, c: Schema.Int }), []),
      digest(Schema.Struct({ a: Schema.String, b: Schema.Number }), []),
      digest(Schema.Struct({ a: Schema.NullOr(Schema.String), b: Schema.Int }), [])
    ])
    assert.strictEqual(new Set(empty).size, empty.length)
    assert.strictEqual(yield* digest(Schema.Struct({ a: Schema.NonEmptyString, b: Schema.Natural }), []), empty[0])
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
