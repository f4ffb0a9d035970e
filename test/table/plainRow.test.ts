/** A plain row is what its schema makes of it, and whatever is not plain is left to the schema. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { plainRow } from "../../src/table/plainRow.ts"
import { Everything } from "./tables.ts"

const Plain = Schema.Struct({ text: Schema.String, score: Schema.Number, good: Schema.Boolean })
const decode = Schema.decodeUnknownResult(Plain)

it.effect.prop(
  "rows of plain fields are those that the schema makes, or are left to it",
  {
    rows: Schema.Array(
      Schema.Struct({
        text: Schema.Union([Schema.String, Schema.Null]),
        score: Schema.Union([Schema.Number, Schema.String]),
        good: Schema.optionalKey(Schema.Boolean),
        further: Schema.String
      })
    )
  },
  ({ rows }) =>
    Effect.gen(function* () {
      const read = yield* plainRow(Plain)
      assert(read !== null)
      for (const row of [...rows, { further: "", good: true, score: 1, text: "a" }]) {
        const decoded = decode(row)
        assert.deepStrictEqual(read(row), Result.isSuccess(decoded) ? decoded.success : null)
        assert.deepStrictEqual(Object.keys(read(row) ?? Plain.fields), Object.keys(Plain.fields))
      }
      for (const value of [null, undefined, 1, "text", [], ["a", 1, true]]) assert.isNull(read(value))
    })
)

it.effect("a schema that asks for more is no plain one", () =>
  Effect.gen(function* () {
    const more: ReadonlyArray<Schema.Schema<unknown>> = [
      Everything,
      Schema.String,
      Schema.Struct({}),
      Schema.Struct({ a: Schema.String, n: Schema.Int }),
      Schema.Struct({ a: Schema.NonEmptyString }),
      Schema.Struct({ a: Schema.Finite }),
      Schema.Struct({ a: Schema.NullOr(Schema.String) }),
      Schema.Struct({ a: Schema.optionalKey(Schema.String) }),
      Schema.Struct({ a: Schema.Literals(["a", "b"]) }),
      Schema.Struct({ a: Schema.Struct({ b: Schema.String }) }),
      Schema.Struct({ a: Schema.NumberFromString }),
      Schema.Struct({ a: Schema.String }).check(Schema.makeFilter(({ a }) => a !== "b"))
    ]
    for (const schema of more) assert.isNull(yield* plainRow(schema))
  })
)
