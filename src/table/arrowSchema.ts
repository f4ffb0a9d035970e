/** Arrow's schema for the fields of a row, and the comparison of a file's schema with it. */
import { Field as ArrowField, Schema as ArrowSchema } from "apache-arrow/schema"
import { Bool, type DataType, Float32, Float64, Int32, Int64, List, Struct, Utf8 } from "apache-arrow/type"
import type { ColumnType, Field } from "./Field.ts"

/** The Arrow schema of a table. */
export const arrowSchema = (fields: ReadonlyArray<Field>): ArrowSchema => new ArrowSchema(fields.map(arrowField))

const arrowField = (field: Field): ArrowField =>
  new ArrowField(field.name, arrowType(field.type), field.missing !== "never")

const arrowType = (type: ColumnType): DataType => {
  switch (type.kind) {
    case "text":
      return new Utf8()
    case "integer":
      return new Int64()
    case "number":
      return new Float64()
    case "boolean":
      return new Bool()
    case "int32s":
      return new List(new ArrowField("item", new Int32(), false))
    case "float32s":
      return new List(new ArrowField("item", new Float32(), false))
    case "list":
      return new List(arrowField(type.item))
    case "record":
      return new Struct(type.fields.map(arrowField))
  }
}

/** The first way in which a file's schema differs from the expected one, or null. */
export const differenceOf = (found: ArrowSchema, expected: ArrowSchema): string | null =>
  differenceOfFields(found.fields, expected.fields, "")

const differenceOfFields = (
  found: ReadonlyArray<ArrowField>,
  expected: ReadonlyArray<ArrowField>,
  path: string
): string | null => {
  for (let i = 0; i < Math.max(found.length, expected.length); i++) {
    const difference = differenceOfField(found[i], expected[i], path)
    if (difference !== null) return difference
  }
  return null
}

const differenceOfField = (
  found: ArrowField | undefined,
  expected: ArrowField | undefined,
  path: string
): string | null => {
  if (found === undefined) return `it lacks the column "${path}${expected?.name}"`
  if (expected === undefined) return `it has a column "${path}${found.name}" that was not expected`
  if (found.name !== expected.name) {
    return `it has the column "${path}${found.name}" where "${path}${expected.name}" was expected`
  }
  const [kind, expectedKind] = [kindOf(found), kindOf(expected)]
  return kind === expectedKind
    ? differenceOfFields(childrenOf(found), childrenOf(expected), `${path}${found.name}.`)
    : `its column "${path}${found.name}" is ${kind} where ${expectedKind} was expected`
}

const childrenOf = (field: ArrowField): ReadonlyArray<ArrowField> => field.type.children ?? []

const kindOf = (field: ArrowField): string => {
  const kind = childrenOf(field).length === 0 ? String(field.type) : field.type.constructor.name
  return field.nullable ? `${kind} or null` : kind
}
