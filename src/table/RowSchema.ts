/** Reads columns off a row schema: total over what a column can be, and a clear refusal of all else. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { ColumnUnsupported } from "./Errors.ts"
import type { ColumnType, Field, Refinement } from "./Field.ts"

const columnAnnotation = "tanren/table/column"

/** A column of token ids and the like: stored as a list of 32-bit integers, copied whole. */
export const Int32s = Schema.declare((value): value is Int32Array => value instanceof Int32Array, {
  expected: "Int32Array",
  [columnAnnotation]: "int32s"
})

/** A column of per-token figures and the like: stored as a list of 32-bit floats, copied whole. */
export const Float32s = Schema.declare((value): value is Float32Array => value instanceof Float32Array, {
  expected: "Float32Array",
  [columnAnnotation]: "float32s"
})

type Derived<A> = Effect.Effect<A, ColumnUnsupported>

const refuse = (field: string, found: string, remedy: string): Derived<never> =>
  Effect.fail(new ColumnUnsupported({ field, found, remedy }))

const allowed = "Use text, integers, finite numbers, booleans, typed arrays, or lists and structs of these."

/** The columns of a row schema, in its order. */
export const fieldsOf = (schema: Schema.Schema<unknown>): Derived<ReadonlyArray<Field>> =>
  schema.ast._tag === "Objects"
    ? fieldsOfObject(schema.ast, "")
    : refuse("(row)", `of type ${schema.ast._tag}`, "Describe rows with Schema.Struct.")

/** Canonical text of a row schema: names, types, what may be missing, and every refinement. */
export const describeRow = (schema: Schema.Schema<unknown>): Derived<string> =>
  Effect.map(Effect.all([fieldsOf(schema), refinementsOf(schema.ast, "(row)")]), ([fields, refinements]) =>
    JSON.stringify({ fields, refinements }, sortKeys)
  )

const sortKeys = (_key: string, value: unknown): unknown =>
  value === null || typeof value !== "object" || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

const fieldsOfObject = Effect.fnUntraced(function* (
  ast: SchemaAST.Objects,
  path: string
): Effect.fn.Return<ReadonlyArray<Field>, ColumnUnsupported> {
  if (ast.indexSignatures.length > 0) {
    return yield* refuse(path || "(row)", "a record with keys of any name", "List the keys in a Schema.Struct.")
  }
  if (ast.encoding !== undefined) return yield* refuse(path || "(row)", "a transformation", allowed)
  return yield* Effect.forEach(ast.propertySignatures, ({ name, type }) =>
    typeof name === "string"
      ? fieldOf(name, type, path === "" ? name : `${path}.${name}`)
      : refuse(String(name), "named by something other than text", "Name columns by text.")
  )
})

const fieldOf = Effect.fnUntraced(function* (
  name: string,
  ast: SchemaAST.AST,
  path: string
): Effect.fn.Return<Field, ColumnUnsupported> {
  const optional = ast.context?.isOptional === true
  const inner = withoutNull(ast)
  if (optional && inner !== ast) {
    return yield* refuse(path, "both optional and nullable", "Use one of Schema.optionalKey and Schema.NullOr.")
  }
  const type = yield* typeOf(inner, path)
  const refinements = [
    ...(ast === inner ? [] : yield* refinementsOf(ast, path)),
    ...(yield* refinementsOf(inner, path)),
    ...literalsOf(inner)
  ]
  return { name, type, missing: optional ? "absent" : inner === ast ? "never" : "null", refinements }
})

/** The other member of a union with null; any other schema as it is. */
const withoutNull = (ast: SchemaAST.AST): SchemaAST.AST => {
  if (ast._tag !== "Union" || ast.types.length !== 2) return ast
  const [first, second] = ast.types
  if (first === undefined || second === undefined) return ast
  return second._tag === "Null" ? first : first._tag === "Null" ? second : ast
}

const typeOf = (ast: SchemaAST.AST, path: string): Derived<ColumnType> => {
  if (ast.encoding !== undefined) {
    return refuse(path, "a transformation", "Rows are plain data: use the schema of the decoded or the encoded side.")
  }
  switch (ast._tag) {
    case "String":
      return Effect.succeed({ kind: "text" })
    case "Boolean":
      return Effect.succeed({ kind: "boolean" })
    case "Number":
      return Effect.succeed({ kind: (ast.checks ?? []).some(isIntegral) ? "integer" : "number" })
    case "Literal":
    case "Union":
      return typeOfLiterals(ast, path)
    case "Declaration": {
      const kind = ast.annotations?.[columnAnnotation]
      return kind === "int32s" || kind === "float32s"
        ? Effect.succeed({ kind })
        : refuse(path, "of a type of its own", "Use Int32s or Float32s for typed arrays. " + allowed)
    }
    case "Arrays": {
      const [item, ...others] = ast.rest
      return item === undefined || others.length > 0 || ast.elements.length > 0
        ? refuse(path, "a tuple", "Use Schema.Array, or a Schema.Struct with a name for each element.")
        : Effect.map(fieldOf("item", item, `${path}[]`), (field) => ({ kind: "list", item: field }))
    }
    case "Objects":
      return Effect.map(fieldsOfObject(ast, path), (fields) => ({ kind: "record", fields }))
    default:
      return refuse(path, `of type ${ast._tag}`, allowed)
  }
}

const typeOfLiterals = (ast: SchemaAST.AST, path: string): Derived<ColumnType> => {
  const members = ast._tag === "Union" ? ast.types : [ast]
  const literals = members.flatMap((member) => (member._tag === "Literal" ? [member.literal] : []))
  if (literals.length < members.length) {
    return refuse(path, "a union", "Only a union with null, or of literals, fits a column.")
  }
  if (literals.every((literal) => typeof literal === "string")) return Effect.succeed({ kind: "text" })
  if (literals.every((literal) => typeof literal === "boolean")) return Effect.succeed({ kind: "boolean" })
  if (literals.every(Number.isSafeInteger)) return Effect.succeed({ kind: "integer" })
  if (literals.every((literal) => typeof literal === "number")) return Effect.succeed({ kind: "number" })
  return refuse(path, "a union of literals of several types", "Use literals of one type.")
}

const literalsOf = (ast: SchemaAST.AST): ReadonlyArray<Refinement> => {
  const members = ast._tag === "Union" ? ast.types : [ast]
  const literals = members.flatMap((member) => (member._tag === "Literal" ? [member.literal] : []))
  return literals.length === 0 ? [] : [{ id: "literals", payload: literals }]
}

type Check = SchemaAST.Checks[number]

const isIntegral = (check: Check): boolean =>
  check._tag === "FilterGroup"
    ? check.checks.some(isIntegral)
    : check.annotations?.representation?.id === "effect/schema/isInt"

const refinementsOf = (ast: SchemaAST.AST, path: string): Derived<ReadonlyArray<Refinement>> =>
  Effect.map(
    Effect.forEach(ast.checks ?? [], (check) => refinementsOfCheck(check, path)),
    (lists) => lists.flat()
  )

const refinementsOfCheck = (check: Check, path: string): Derived<ReadonlyArray<Refinement>> => {
  const representation = check.annotations?.representation
  if (representation !== undefined) {
    return Effect.succeed([{ id: representation.id, payload: representation.payload ?? null }])
  }
  return check._tag === "FilterGroup"
    ? Effect.map(
        Effect.forEach(check.checks, (each) => refinementsOfCheck(each, path)),
        (lists) => lists.flat()
      )
    : refuse(
        path,
        "refined by a check without a name",
        "Give the check a `representation: { id, payload }` annotation, so that a change of it is noticed."
      )
}
