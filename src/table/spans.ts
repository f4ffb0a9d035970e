/** Positions in rows that lie in spans, one after the other: each span is asked once for all of its rows that are wanted. */

export interface Span {
  /** Position of its first row. */
  readonly first: number
  readonly rows: number
}

/** The span in which a position lies. Throws where there is none. */
const spanAt = <S extends Span>(spans: ReadonlyArray<S>, position: number): S => {
  let low = 0
  let high = spans.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((spans[middle]?.first ?? 0) <= position) low = middle
    else high = middle
  }
  const span = spans[low]
  if (span !== undefined && position >= span.first && position < span.first + span.rows) return span
  throw new Error(`row ${position} was asked for, which it does not have`)
}

/** The places in a list of positions that lie in each span, and these positions counted from the span's first row. */
export const bySpan = <S extends Span>(
  spans: ReadonlyArray<S>,
  positions: ReadonlyArray<number> | Int32Array
): ReadonlyMap<S, { readonly places: ReadonlyArray<number>; readonly within: ReadonlyArray<number> }> => {
  const groups = new Map<S, { readonly places: Array<number>; readonly within: Array<number> }>()
  positions.forEach((position: number, place: number) => {
    const span = spanAt(spans, position)
    const group = groups.get(span) ?? { places: [], within: [] }
    groups.set(span, group)
    group.places.push(place)
    group.within.push(position - span.first)
  })
  return groups
}

/** Puts what each span gave in the order of the places. */
export const inPlaces = <A>(
  groups: Iterable<{ readonly places: ReadonlyArray<number>; readonly items: ReadonlyArray<A> }>
): ReadonlyArray<A> => {
  const placed: Array<A> = []
  for (const { items, places } of groups) {
    if (items.length !== places.length) throw new Error("internal: a span gave other rows than it was asked for")
    items.forEach((item, at) => {
      placed[places[at] ?? 0] = item
    })
  }
  return placed
}
