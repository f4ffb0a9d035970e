/** From rows to columns: one loop a column, each value checked as it is stored. */
import type { Column, Offsets } from "./Column.ts"
import { type Field, property } from "./Field.ts"

/** Thrown at a value that does not fit its field; the writer turns it into a failure that names the file. */
export class Misfit {
  readonly row: number
  readonly path: string
  readonly found: string
  readonly expected: string
  constructor(row: number, path: string, found: string, expected: string) {
    this.row = row
    this.path = path
    this.found = found
    this.expected = expected
  }
}

type Values = ReadonlyArray<unknown>
type Mask = Uint8Array | null

/** The columns of a batch of rows. Throws `Misfit`. */
export const encodeRows = (fields: ReadonlyArray<Field>, rows: Values): ReadonlyArray<Column> =>
  encodeFields(fields, rows, null)

/** About how many bytes a row takes; text counts as if it were all Japanese. */
export const weightOf = (fields: ReadonlyArray<Field>, row: unknown): number => {
  let weight = 0
  for (const field of fields) weight += weightOfValue(field, property(row, field.name))
  return weight
}

const weightOfValue = (field: Field, value: unknown): number => {
  if (typeof value === "string") return 4 + 3 * value.length
  if (ArrayBuffer.isView(value)) return 4 + value.byteLength
  if (field.type.kind === "record") return weightOf(field.type.fields, value)
  if (field.type.kind !== "list" || !Array.isArray(value)) return 8
  let weight = 4
  for (const item of value) weight += weightOfValue(field.type.item, item)
  return weight
}

const encodeFields = (fields: ReadonlyArray<Field>, records: Values, parents: Mask): ReadonlyArray<Column> =>
  fields.map((field) =>
    encodeField(
      field,
      records.map((record) => property(record, field.name)),
      parents
    )
  )

/** Under a missing parent, a value is missing too, or 0 where the field may not miss one. */
const encodeField = (field: Field, values: Values, parents: Mask): Column => {
  const present = presenceOf(field, values, parents)
  const filled = field.missing === "never" ? parents : present
  const length = values.length
  const column = { length, present: field.missing === "never" ? null : present }
  switch (field.type.kind) {
    case "text":
      return { kind: "text", ...column, ...encodeText(field, values, filled) }
    case "integer":
      return { kind: "integer", ...column, words: encodeIntegers(field, values, filled) }
    case "number":
      return { kind: "number", ...column, values: encodeNumbers(field, values, filled) }
    case "boolean":
      return { kind: "boolean", ...column, values: encodeBooleans(field, values, filled) }
    case "int32s": {
      const arrays = typedArrays(field, Int32Array, values, filled)
      return { kind: "int32s", ...column, ...concatenate(arrays, (size) => new Int32Array(size)) }
    }
    case "float32s": {
      const arrays = typedArrays(field, Float32Array, values, filled)
      return { kind: "float32s", ...column, ...concatenate(arrays, (size) => new Float32Array(size)) }
    }
    case "list":
      return { kind: "list", ...column, ...encodeList(field, field.type.item, values, filled) }
    case "record": {
      const { fields } = field.type
      check(field, values, filled, isRecord)
      return { kind: "record", ...column, fields: within(field, () => encodeFields(fields, values, filled)) }
    }
  }
}

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value)

/** Null when nothing is missing. */
const presenceOf = (field: Field, values: Values, parents: Mask): Mask => {
  const absence = field.missing === "absent" ? undefined : null
  let present: Mask = null
  for (let i = 0; i < values.length; i++) {
    const orphan = parents !== null && parents[i] === 0
    if (!orphan && (field.missing === "never" || values[i] !== absence)) continue
    present ??= new Uint8Array(values.length).fill(1)
    present[i] = 0
  }
  return present
}

const expectations = {
  text: "text without lone surrogates",
  integer: "a safe integer",
  number: "a number",
  boolean: "true or false",
  int32s: "an Int32Array",
  float32s: "a Float32Array",
  list: "a list",
  record: "an object"
} as const satisfies Record<Field["type"]["kind"], string>

const describe = (value: unknown): string => {
  if (value === undefined) return "absent"
  if (typeof value === "string" && !value.isWellFormed()) return "text with a lone surrogate"
  if (typeof value === "string") return `text (${JSON.stringify(value.slice(0, 40))})`
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value)
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === "object" ? `an object of type ${value.constructor?.name ?? "null"}` : `a ${typeof value}`
}

const misfit = (field: Field, row: number, value: unknown): Misfit =>
  new Misfit(row, field.name, describe(value), expectations[field.type.kind])

const encodeText = (field: Field, values: Values, filled: Mask): { offsets: Offsets; bytes: Uint8Array } => {
  let units = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (filled !== null && filled[i] === 0) continue
    if (typeof value !== "string" || !value.isWellFormed()) throw misfit(field, i, value)
    units += value.length
  }
  // A UTF-16 unit takes at most three bytes of UTF-8.
  const buffer = Buffer.allocUnsafe(3 * units)
  const offsets = new Int32Array(values.length + 1)
  let end = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value === "string" && (filled === null || filled[i] !== 0)) end += buffer.write(value, end)
    offsets[i + 1] = end
  }
  return { offsets, bytes: buffer.subarray(0, end) }
}

const encodeIntegers = (field: Field, values: Values, filled: Mask): Int32Array => {
  const words = new Int32Array(2 * values.length)
  for (let i = 0; i < values.length; i++) {
    if (filled !== null && filled[i] === 0) continue
    const value = values[i]
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw misfit(field, i, value)
    words[2 * i] = value % 0x1_0000_0000
    words[2 * i + 1] = Math.floor(value / 0x1_0000_0000)
  }
  return words
}

const encodeNumbers = (field: Field, values: Values, filled: Mask): Float64Array => {
  const numbers = new Float64Array(values.length)
  for (let i = 0; i < values.length; i++) {
    if (filled !== null && filled[i] === 0) continue
    const value = values[i]
    if (typeof value !== "number") throw misfit(field, i, value)
    // One bit pattern for every NaN, so that equal rows have equal bytes.
    numbers[i] = Number.isNaN(value) ? Number.NaN : value
  }
  return numbers
}

const encodeBooleans = (field: Field, values: Values, filled: Mask): Uint8Array => {
  const booleans = new Uint8Array(values.length)
  for (let i = 0; i < values.length; i++) {
    if (filled !== null && filled[i] === 0) continue
    const value = values[i]
    if (typeof value !== "boolean") throw misfit(field, i, value)
    booleans[i] = value ? 1 : 0
  }
  return booleans
}

const typedArrays = <A extends Int32Array | Float32Array>(
  field: Field,
  type: new (size: number) => A,
  values: Values,
  filled: Mask
): ReadonlyArray<A | null> =>
  values.map((value, i) => {
    if (filled !== null && filled[i] === 0) return null
    if (!(value instanceof type)) throw misfit(field, i, value)
    return value
  })

const concatenate = <A extends Int32Array | Float32Array>(
  arrays: ReadonlyArray<A | null>,
  allocate: (size: number) => A
): { offsets: Offsets; values: A } => {
  const offsets = new Int32Array(arrays.length + 1)
  let end = 0
  for (let i = 0; i < arrays.length; i++) offsets[i + 1] = end += arrays[i]?.length ?? 0
  const values = allocate(end)
  for (let i = 0; i < arrays.length; i++) {
    const array = arrays[i]
    if (array != null) values.set(array, offsets[i] ?? 0)
  }
  return { offsets, values }
}

const check = (field: Field, values: Values, filled: Mask, fits: (value: unknown) => boolean): void => {
  for (let i = 0; i < values.length; i++) {
    if (filled !== null && filled[i] === 0) continue
    if (!fits(values[i])) throw misfit(field, i, values[i])
  }
}

const encodeList = (field: Field, item: Field, values: Values, filled: Mask): { offsets: Offsets; item: Column } => {
  check(field, values, filled, Array.isArray)
  const offsets = new Int32Array(values.length + 1)
  const items: Array<unknown> = []
  for (let i = 0; i < values.length; i++) {
    const list = values[i]
    if (Array.isArray(list) && (filled === null || filled[i] !== 0)) {
      for (const value of list) items.push(value)
    }
    offsets[i + 1] = items.length
  }
  try {
    return { offsets, item: encodeField(item, items, null) }
  } catch (error) {
    throw error instanceof Misfit ? misfitInList(field, offsets, error) : error
  }
}

/** An item's misfit, told by its row and its position in the list. */
const misfitInList = (field: Field, offsets: Offsets, { row: item, path, found, expected }: Misfit): Misfit => {
  const row = offsets.findLastIndex((start) => start <= item)
  const position = item - (offsets[row] ?? 0)
  return new Misfit(row, `${field.name}[${position}]${path.slice("item".length)}`, found, expected)
}

const within = <A>(field: Field, encode: () => A): A => {
  try {
    return encode()
  } catch (error) {
    throw error instanceof Misfit
      ? new Misfit(error.row, `${field.name}.${error.path}`, error.found, error.expected)
      : error
  }
}
