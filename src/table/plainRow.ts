/** Rows of which a schema asks no more than that fields hold text, numbers or booleans: read at a sixth of the schema's own cost. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { type Field, property } from "./Field.ts"
import { fieldsOf } from "./RowSchema.ts"

/** The row that the schema makes of a value; null where the schema itself has to look at it. */
export type ReadPlainRow = (value: unknown) => { readonly [column: string]: unknown } | null

const types: { readonly [kind in Field["type"]["kind"]]?: string } = {
  text: "string",
  number: "number",
  boolean: "boolean"
}

/** Null where a schema asks for more. */
export const plainRow = (schema: Schema.Schema<unknown>): Effect.Effect<ReadPlainRow | null> =>
  Effect.map(
    Effect.orElseSucceed(fieldsOf(schema), (): ReadonlyArray<Field> => []),
    (fields) => {
      const { ast } = schema
      if (ast._tag !== "Objects" || ast.checks !== undefined || fields.length === 0) return null
      // A field that may be missing is no plain type, for it is a union or a key that may be left out.
      if (!ast.propertySignatures.every(({ type }) => type.encoding === undefined)) return null
      const plain = fields.flatMap(({ missing, name, refinements, type }) => {
        const expected = types[type.kind]
        return expected === undefined || missing !== "never" || refinements.length > 0 || name === "__proto__"
          ? []
          : [{ name, expected }]
      })
      return plain.length < fields.length ? null : readerOf(plain)
    }
  )

const readerOf =
  (fields: ReadonlyArray<{ readonly name: string; readonly expected: string }>): ReadPlainRow =>
  (value) => {
    if (Array.isArray(value)) return null
    const row: Record<string, unknown> = {}
    for (const { expected, name } of fields) {
      const found = property(value, name)
      if (typeof found !== expected) return null
      row[name] = found
    }
    return row
  }
