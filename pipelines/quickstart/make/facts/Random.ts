/** A small seeded generator (mulberry32), so that the made files never change from run to run. */

export interface Random {
  /** An integer in [0, below). */
  readonly integer: (below: number) => number
  readonly pick: <A>(items: ReadonlyArray<A>) => A
  readonly shuffle: <A>(items: ReadonlyArray<A>) => ReadonlyArray<A>
}

export const seeded = (seed: number): Random => {
  let state = seed >>> 0
  const integer = (below: number): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
  const pick = <A>(items: ReadonlyArray<A>): A => {
    const item = items[integer(items.length)]
    if (item === undefined) throw new Error("internal: picked from an empty list")
    return item
  }
  const shuffle = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> => {
    const keyed = items.map((item) => ({ item, key: integer(2 ** 32) }))
    return keyed.toSorted((left, right) => left.key - right.key).map(({ item }) => item)
  }
  return { integer, pick, shuffle }
}
