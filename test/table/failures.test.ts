/** Bad rows, damaged files and impossible schemas are failures that say where and what. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync, truncateSync, writeFileSync } from "node:fs"
import { describeRow, fieldsOf, Int32s } from "../../src/table/RowSchema.ts"
import { writeTable } from "../../src/table/writeTable.ts"
import {
  Everything,
  everything,
  folder,
  inBatches,
  manyRows,
  oneFile,
  partsIn,
  readAll,
  writtenPart
} from "./tables.ts"

/** Rows of which one is not what its type says. */
const withBadRow = (row: number, change: Record<string, unknown>) => {
  const rows = [...manyRows(9_000)]
  rows[row] = { ...everything(row), ...change } as never
  return rows
}

const misfits: ReadonlyArray<[Record<string, unknown>, string, string]> = [
  [{ text: 3 }, "text", "3"],
  [{ text: "\ud800" }, "text", "lone surrogate"],
  [{ maybe: undefined }, "maybe", "absent"],
  [{ count: 0.5 }, "count", "0.5"],
  [{ count: 2 ** 53 }, "count", "9007199254740992"],
  [{ score: null }, "score", "null"],
  [{ good: 1 }, "good", "1"],
  [{ ids: [1, 2] }, "ids", "a list of 2"],
  [{ tags: ["a", "b", 7] }, "tags[2]", "7"],
  [
    {
      choices: [
        { label: "a", flag: null },
        { label: null, flag: null }
      ]
    },
    "choices[1].label",
    "null"
  ],
  [{ origin: { file: "f", line: "1" } }, "origin.line", "1"]
]
for (const [change, field, found] of misfits) {
  it.effect(`${JSON.stringify(change)} is refused at ${field}`, () =>
    Effect.gen(function* () {
      const rows = inBatches(withBadRow(8_500, change), 1_000)
      const failure = yield* Effect.flip(writeTable(Everything, rows, partsIn(yield* folder)))
      assert.strictEqual(failure._tag, "RowFailure")
      assert.include(failure.message, "Row 8500")
      assert.include(failure.message, `"${field}"`)
      assert.include(failure.message, found)
    })
  )
}

it.effect("a file that is cut short anywhere is a failure, never fewer rows", () =>
  Effect.gen(function* () {
    const path = yield* writtenPart(Everything, manyRows(50))
    const whole = readFileSync(path)
    for (let size = whole.length - 1; size >= 0; size -= 97) {
      writeFileSync(path, whole)
      truncateSync(path, size)
      const failure = yield* Effect.flip(readAll(oneFile(path), Everything))
      assert.strictEqual(failure._tag, "TableFailure")
      assert.include(failure.message, path)
    }
  })
)

it.effect("garbage never crashes the reader", () =>
  Effect.gen(function* () {
    const path = yield* writtenPart(Everything, manyRows(50))
    const whole = readFileSync(path)
    for (let at = 0; at < whole.length; at += 31) {
      const damaged = Uint8Array.from(whole)
      damaged.fill(255, at, at + 16)
      writeFileSync(path, damaged)
      const result = yield* Effect.exit(readAll(oneFile(path), Everything))
      const died = result._tag === "Failure" && result.cause.reasons.some((reason) => reason._tag === "Die")
      assert.isFalse(died, `damage at byte ${at} became a defect`)
    }
  })
)

it.effect("a table of other rows says what differs", () =>
  Effect.gen(function* () {
    const path = yield* writtenPart(Schema.Struct({ a: Schema.String, b: Schema.Int }), [{ a: "a", b: 1 }])
    const reason = (schema: Schema.Codec<unknown, unknown>) =>
      Effect.map(Effect.flip(readAll(oneFile(path), schema)), ({ message }) => message)
    assert.include(yield* reason(Schema.Struct({ a: Schema.String })), `a column "b" that was not expected`)
    const more = Schema.Struct({ a: Schema.String, b: Schema.Int, c: Schema.Int })
    assert.include(yield* reason(more), `lacks the column "c"`)
    assert.include(yield* reason(Schema.Struct({ a: Schema.String, b: Schema.String })), `"b" is Int64 where Utf8`)
    const nullable = Schema.Struct({ a: Schema.NullOr(Schema.String), b: Schema.Int })
    assert.include(yield* reason(nullable), `"a" is Utf8 where Utf8 or null`)
  })
)

it.effect("a missing file and a full folder are failures with a reason", () =>
  Effect.gen(function* () {
    const missing = yield* Effect.flip(readAll(oneFile("/nowhere/part.arrow"), Everything))
    assert.include(missing.message, "ENOENT")
    const unwritable = yield* Effect.flip(writeTable(Everything, inBatches(manyRows(1), 1), partsIn("/nowhere")))
    assert.include(unwritable.message, "could not be written")
  })
)

const impossible: ReadonlyArray<[string, Schema.Codec<unknown, unknown>, string]> = [
  ["a date", Schema.Struct({ when: Schema.Date }), `"when"`],
  ["a union", Schema.Struct({ a: Schema.Union([Schema.String, Schema.Int]) }), "a union"],
  ["a record of any keys", Schema.Struct({ a: Schema.Record(Schema.String, Schema.Int) }), "keys of any name"],
  [
    "a tuple",
    Schema.Struct({ a: Schema.Struct({ b: Schema.Tuple([Schema.Int]) }) }),
    `"a.b" of a row schema is a tuple`
  ],
  ["both optional and nullable", Schema.Struct({ a: Schema.optionalKey(Schema.NullOr(Schema.Int)) }), "both optional"],
  ["a transformation", Schema.Struct({ a: Schema.FiniteFromString }), "a transformation"],
  ["an unnamed check", Schema.Struct({ a: Schema.Int.check(Schema.makeFilter((n) => n !== 3)) }), "without a name"],
  ["text", Schema.String, "Schema.Struct"]
]
for (const [name, schema, part] of impossible) {
  it.effect(`${name} is not a column`, () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(fieldsOf(schema))
      assert.strictEqual(failure._tag, "ColumnUnsupported")
      assert.include(failure.message, part)
    })
  )
}

it.effect("the description of a schema tells refinements apart, and equal schemas alike", () =>
  Effect.gen(function* () {
    const schemas = [
      Schema.Struct({ a: Schema.Int }),
      Schema.Struct({ a: Schema.Int.check(Schema.isGreaterThan(0)) }),
      Schema.Struct({ a: Schema.Int.check(Schema.isGreaterThan(1)) }),
      Schema.Struct({ a: Schema.NullOr(Schema.Int) }),
      Schema.Struct({ a: Schema.optionalKey(Schema.Int) }),
      Schema.Struct({ a: Schema.Number }),
      Schema.Struct({ a: Int32s }),
      Schema.Struct({ a: Schema.Literals([1, 2]) }),
      Schema.Struct({ a: Schema.Literals([1, 3]) }),
      Schema.Struct({ a: Schema.Array(Schema.Int) })
    ]
    const texts = yield* Effect.forEach(schemas, (schema) => describeRow(schema))
    assert.strictEqual(new Set(texts).size, schemas.length)
    assert.strictEqual(yield* describeRow(Schema.Struct({ a: Schema.Int.annotate({ title: "count" }) })), texts[0])
  })
)
