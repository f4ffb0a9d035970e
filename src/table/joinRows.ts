/** Rows of several batches as one: columns are laid one after the other. */
import type { Column, Offsets } from "./Column.ts"

/** The rows of a batch from one to another (exclusive). */
export interface Some<Columns> {
  readonly of: Columns
  readonly from: number
  readonly to: number
}

/** The columns of these rows. */
export const joinRows = (batches: ReadonlyArray<Some<ReadonlyArray<Column>>>): ReadonlyArray<Column> => {
  const [first] = batches
  if (first === undefined) throw new Error("internal: no batch to join")
  return first.of.map((_, index) =>
    joinColumns(
      batches.map(({ from, of, to }) => {
        const column = of[index]
        if (column === undefined) throw new Error("internal: batches of different columns")
        return { of: column, from, to }
      })
    )
  )
}

type Kind = Column["kind"]
type OfKind<K extends Kind> = Extract<Column, { readonly kind: K }>

const isKind = <K extends Kind>(some: Some<Column>, kind: K): some is Some<OfKind<K>> => some.of.kind === kind

/** The parts, which are all of one kind. */
const all = <K extends Kind>(parts: ReadonlyArray<Some<Column>>, kind: K): ReadonlyArray<Some<OfKind<K>>> => {
  const own = parts.filter((part) => isKind(part, kind))
  if (own.length < parts.length) throw new Error("internal: columns of different kinds")
  return own
}

const uint8s = (size: number) => new Uint8Array(size)
const int32s = (size: number) => new Int32Array(size)
const float32s = (size: number) => new Float32Array(size)
const float64s = (size: number) => new Float64Array(size)

const joinColumns = (parts: ReadonlyArray<Some<Column>>): Column => {
  const [first] = parts
  if (first === undefined) throw new Error("internal: no column to join")
  if (parts.length === 1 && first.from === 0 && first.to === first.of.length) return first.of
  const length = parts.reduce((sum, { from, to }) => sum + to - from, 0)
  const column = { length, present: presenceOf(parts, length) }
  const { kind } = first.of
  switch (kind) {
    case "text": {
      const { inner, offsets } = within(all(parts, kind), length)
      return { kind, ...column, offsets, bytes: join(inner, (of) => of.bytes, 1, uint8s) }
    }
    case "integer":
      return { kind, ...column, words: join(all(parts, kind), (of) => of.words, 2, int32s) }
    case "number":
      return { kind, ...column, values: join(all(parts, kind), (of) => of.values, 1, float64s) }
    case "boolean":
      return { kind, ...column, values: join(all(parts, kind), (of) => of.values, 1, uint8s) }
    case "int32s": {
      const { inner, offsets } = within(all(parts, kind), length)
      return { kind, ...column, offsets, values: join(inner, (of) => of.values, 1, int32s) }
    }
    case "float32s": {
      const { inner, offsets } = within(all(parts, kind), length)
      return { kind, ...column, offsets, values: join(inner, (of) => of.values, 1, float32s) }
    }
    case "list": {
      const { inner, offsets } = within(all(parts, kind), length)
      const items = inner.map(({ of, ...range }) => ({ of: of.item, ...range }))
      return { kind, ...column, offsets, item: joinColumns(items) }
    }
    case "record": {
      const records = all(parts, kind).map(({ of, ...range }) => ({ of: of.fields, ...range }))
      return { kind, ...column, fields: joinRows(records) }
    }
  }
}

/** Null when nothing is missing. */
const presenceOf = (parts: ReadonlyArray<Some<Column>>, length: number): Uint8Array | null => {
  const some = parts.some(({ from, of, to }) => of.present !== null && of.present.subarray(from, to).includes(0))
  if (!some) return null
  const present = new Uint8Array(length).fill(1)
  let at = 0
  for (const { from, of, to } of parts) {
    if (of.present !== null) present.set(of.present.subarray(from, to), at)
    at += to - from
  }
  return present
}

/** Where the values of rows lie that have a variable length, and where they begin and end in what is joined. */
const within = <Of extends { readonly offsets: Offsets }>(parts: ReadonlyArray<Some<Of>>, length: number) => {
  const offsets = new Int32Array(length + 1)
  let row = 0
  let end = 0
  const inner = parts.map(({ from, of, to }) => {
    const begin = of.offsets[from] ?? 0
    for (let at = from + 1; at <= to; at++) offsets[++row] = end + (of.offsets[at] ?? 0) - begin
    end = offsets[row] ?? 0
    return { of, from: begin, to: of.offsets[to] ?? 0 }
  })
  return { inner, offsets }
}

interface Joinable<A> {
  readonly subarray: (from: number, to: number) => A
  readonly set: (values: A, at: number) => void
}

/** Values one after the other, so many for each of the places that parts go by. */
const join = <Of, A extends Joinable<A>>(
  parts: ReadonlyArray<Some<Of>>,
  valuesOf: (of: Of) => A,
  each: number,
  allocate: (size: number) => A
): A => {
  const joined = allocate(each * parts.reduce((sum, { from, to }) => sum + to - from, 0))
  let at = 0
  for (const { from, of, to } of parts) {
    joined.set(valuesOf(of).subarray(each * from, each * to), at)
    at += each * (to - from)
  }
  return joined
}
