/** What the bytes of a character merge into before anything beside it can matter: they need not be merged each time. */
import { type Merges, never, type RankOf } from "./bytePairs.ts"

/** Writes the ids with which a character of one UTF-16 unit begins, from `at` on; where they end. */
export type AppendCharacter = (unit: number, ids: Int32Array, at: number) => number

/** UTF-8. */
const bytesOf = (unit: number): ReadonlyArray<number> =>
  unit < 0x80
    ? [unit]
    : unit < 0x800
      ? [0xc0 | (unit >> 6), 0x80 | (unit & 0x3f)]
      : [0xe0 | (unit >> 12), 0x80 | ((unit >> 6) & 0x3f), 0x80 | (unit & 0x3f)]

/** The least ranks at which a token merges with one before it, and with one after it that begins a character. */
const ranksBeside = (byteIds: Int32Array, { merged, pairs }: Merges) => {
  const size = 1 + [byteIds, merged, pairs].reduce((most, ids) => ids.reduce((a, b) => Math.max(a, b), most), 0)
  const isInside = new Uint8Array(size)
  byteIds.forEach((id, byte) => (isInside[id] = byte >= 0x80 && byte < 0xc0 ? 1 : 0))
  const before = new Int32Array(size).fill(never)
  const after = new Int32Array(size).fill(never)
  for (const [rank, id] of merged.entries()) {
    const left = pairs[2 * rank] ?? 0
    const right = pairs[2 * rank + 1] ?? 0
    // Where a merge comes before those that make its parts, these count as beginning a character: more is feared than can be.
    isInside[id] = isInside[left] ?? 0
    before[right] = Math.min(before[right] ?? never, rank)
    if (isInside[right] === 0) after[left] = Math.min(after[left] ?? never, rank)
  }
  return { before, after }
}

/**
 * The bytes of a character go through states, each by the merge of least rank among them. Up to a state, nothing beside the character
 * matters if no merge of an earlier or the same rank reaches out of any state before it or of it; and if what it does next comes
 * later than all that, so that it takes its turn among its neighbours' merges.
 */
export const characterTokens = (byteIds: Int32Array, merges: Merges, rankOf: RankOf): AppendCharacter => {
  const { after, before } = ranksBeside(byteIds, merges)

  const find = (unit: number): ReadonlyArray<number> => {
    let ids: ReadonlyArray<number> = bytesOf(unit).map((byte) => byteIds[byte] ?? 0)
    let safe = ids
    let latest = -1
    let outside = never
    for (;;) {
      outside = Math.min(outside, before[ids[0] ?? 0] ?? never, after[ids.at(-1) ?? 0] ?? never)
      if (outside <= latest) return safe
      const ranks = ids.slice(1).map((right, at) => rankOf(ids[at] ?? 0, right))
      const next = Math.min(never, ...ranks)
      if (next > latest) safe = ids
      if (next === never) return safe
      latest = Math.max(latest, next)
      ids = ids.toSpliced(ranks.indexOf(next), 2, merges.merged[next] ?? 0)
    }
  }

  // Three places a unit, and how many of them count; none before it is asked for.
  const known = new Int32Array(3 * 0x1_0000)
  const counts = new Uint8Array(0x1_0000)
  return (unit, ids, at) => {
    if (counts[unit] === 0) {
      const found = find(unit)
      known.set(found, 3 * unit)
      counts[unit] = found.length
    }
    const end = at + (counts[unit] ?? 0)
    for (let i = at, from = 3 * unit; i < end; i++, from++) ids[i] = known[from] ?? 0
    return end
  }
}
