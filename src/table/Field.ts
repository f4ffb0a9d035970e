/** What a column can be: the closed list of column types that rows are stored as. */

export type ColumnType =
  /** UTF-8 text. */
  | { readonly kind: "text" }
  /** 64-bit integers on disk, safe integers in rows. */
  | { readonly kind: "integer" }
  /** 64-bit floating point. */
  | { readonly kind: "number" }
  | { readonly kind: "boolean" }
  /** Lists of 32-bit integers, `Int32Array` in rows. */
  | { readonly kind: "int32s" }
  /** Lists of 32-bit floating point, `Float32Array` in rows. */
  | { readonly kind: "float32s" }
  | { readonly kind: "list"; readonly item: Field }
  | { readonly kind: "record"; readonly fields: ReadonlyArray<Field> }

/** A refinement by its name and parameters, as a schema represents it. */
export interface Refinement {
  readonly id: string
  readonly payload: unknown
}

/** A named column, or the item of a list. */
export interface Field {
  readonly name: string
  readonly type: ColumnType
  /** How a row says that it has no value: never, by null, or by leaving the key out. */
  readonly missing: "never" | "null" | "absent"
  readonly refinements: ReadonlyArray<Refinement>
}

/** What of a field decides how values are stored: name, type and whether they may be missing, but no refinement. */
export const storedForm = (field: Field): unknown => [field.name, storedType(field.type), field.missing !== "never"]

const storedType = (type: ColumnType): unknown => {
  switch (type.kind) {
    case "list":
      return ["list", storedForm(type.item)]
    case "record":
      return ["record", type.fields.map(storedForm)]
    default:
      return type.kind
  }
}

/** What a row, or a record in it, has under a field's name; undefined where it is none. */
export const property = (row: unknown, name: string): unknown =>
  row !== null && typeof row === "object" ? (row as Readonly<Record<string, unknown>>)[name] : undefined
