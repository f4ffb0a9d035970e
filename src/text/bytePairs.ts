/** Byte pair encoding (Sennrich, Haddow and Birch 2016): the merges of a vocabulary, applied to the bytes of a piece. */

/** Neighboring tokens that become one, in their order. */
export interface Merges {
  /** The left and the right one of each merge, side by side. */
  readonly pairs: Int32Array
  /** What they become. */
  readonly merged: Int32Array
}

/**
 * Applies merges to the ids from `from` to `to` (exclusive), in place, and returns where the remaining ids end: of all
 * neighbors, those whose merge comes first in the list are merged, of equal ones the leftmost, until no two merge.
 */
export type ApplyMerges = (ids: Int32Array, from: number, to: number) => number

/** The rank of neighbors that do not merge. */
export const never = 0x7fff_ffff

/** Up to so many ids, looking through all ranks for the next merge takes less time than keeping a tree of them. */
const short = 128

export const applyMerges = ({ merged }: Merges, rankOf: RankOf): ApplyMerges => {
  const [toShort, toLong] = [applyToShort(rankOf, merged), applyToLong(rankOf, merged)]
  return (ids, from, to) => (to - from <= short ? toShort(ids, from, to) : toLong(ids, from, to))
}

/** The place in the list of merges of the one that merges two neighbors, or `never`. */
export type RankOf = (left: number, right: number) => number

/**
 * Each id stays where it is and knows the places of its neighbors. Time grows with n² for a piece of n bytes, but a look at two ranks is a
 * few instructions without a branch.
 */
const applyToShort = (rankOf: RankOf, mergedIds: Int32Array): ApplyMerges => {
  // One for each id and its right neighbor: the rank of their merge, of which there are less than 2²⁴, and the place, so that the
  // least of all is the next merge, of equal ones the leftmost.
  const keys = new Int32Array(short + 1)
  const next = new Uint8Array(short)
  const previous = new Uint8Array(short + 1)

  const setRank = (place: number, rank: number): void => {
    keys[place] = rank === never ? never : rank * short + place
  }

  return (ids, from, to) => {
    const last = to - from - 1
    for (let i = 0; i < last; i++) {
      setRank(i, rankOf(ids[from + i] ?? 0, ids[from + i + 1] ?? 0))
      next[i] = i + 1
      previous[i + 1] = i
    }
    next[last] = last + 1
    keys[last] = never
    for (;;) {
      let even = never
      let odd = never
      for (let i = 0; i < last; i += 2) {
        const evenLess = (keys[i] ?? never) - even
        const oddLess = (keys[i + 1] ?? never) - odd
        even += evenLess & (evenLess >> 31)
        odd += oddLess & (oddLess >> 31)
      }
      const least = even < odd ? even : odd
      if (least === never) break
      const place = least % short
      const right = next[place] ?? 0
      const after = next[right] ?? 0
      const before = previous[place] ?? 0
      const id = mergedIds[Math.floor(least / short)] ?? 0
      ids[from + place] = id
      keys[right] = never
      next[place] = after
      previous[after] = place
      setRank(place, after <= last ? rankOf(id, ids[from + after] ?? 0) : never)
      if (place > 0) setRank(before, rankOf(ids[from + before] ?? 0, id))
    }
    let end = from
    for (let i = 0; i <= last; i = next[i] ?? short) ids[end++] = ids[from + i] ?? 0
    return end
  }
}

/**
 * Time grows with n log n for a piece of n bytes: a tree of minima over the ranks of all neighbors gives the next merge,
 * and each merge renews three of its paths.
 */
const applyToLong = (rankOf: RankOf, mergedIds: Int32Array): ApplyMerges => {
  let capacity = 0
  let next = new Int32Array(0)
  let previous = new Int32Array(0)
  // Node n has the children 2n and 2n + 1; the leaves begin at `width`, one for each id and its right neighbor.
  let tree = new Int32Array(0)
  let width = 0

  const reserve = (length: number): void => {
    width = 2 ** Math.ceil(Math.log2(length))
    if (width <= capacity) return
    capacity = width
    next = new Int32Array(capacity)
    previous = new Int32Array(capacity)
    tree = new Int32Array(2 * capacity)
  }
  const least = (node: number): number => Math.min(tree[2 * node] ?? never, tree[2 * node + 1] ?? never)
  const setRank = (leaf: number, rank: number): void => {
    tree[width + leaf] = rank
    for (let node = (width + leaf) >> 1; node > 0; node >>= 1) {
      const rank = least(node)
      if (tree[node] === rank) return
      tree[node] = rank
    }
  }
  const leftmost = (rank: number): number => {
    let node = 1
    while (node < width) {
      node *= 2
      if (tree[node] !== rank) node++
    }
    return node - width
  }

  return (ids, from, to) => {
    const length = to - from
    if (length < 2) return to
    reserve(length)
    const at = (position: number): number => ids[from + position] ?? 0
    for (let i = 0; i < width; i++) {
      next[i] = i + 1
      previous[i] = i - 1
      tree[width + i] = i + 1 < length ? rankOf(at(i), at(i + 1)) : never
    }
    for (let node = width - 1; node > 0; node--) tree[node] = least(node)

    for (let rank = tree[1] ?? never; rank !== never; rank = tree[1] ?? never) {
      const left = leftmost(rank)
      const right = next[left] ?? 0
      const after = next[right] ?? 0
      const before = previous[left] ?? -1
      const id = mergedIds[rank] ?? 0
      ids[from + left] = id
      next[left] = after
      if (after < length) previous[after] = left
      setRank(right, never)
      setRank(left, after < length ? rankOf(id, at(after)) : never)
      if (before >= 0) setRank(before, rankOf(at(before), id))
    }

    let end = from
    for (let i = 0; i < length; i = next[i] ?? length) ids[end++] = at(i)
    return end
  }
}

const hashOf = (left: number, right: number): number => {
  const hash = Math.imul(left, 0x9e37_79b1) ^ Math.imul(right, 0x85eb_ca6b)
  return hash ^ (hash >>> 15)
}

/** Ranks by pair. Where merges name a pair twice, its last place counts. */
export const ranks = (pairs: Int32Array): RankOf => {
  // Open addressing, at most half full; a slot holds rank + 1, or 0. A Map would need a key object for each question.
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(pairs.length + 2)))
  const mask = slots.length - 1
  // A bit for each of eight times as many hashes: that neighbors do not merge, as most, is mostly known from here.
  const bits = new Uint8Array(slots.length)
  const hashes = 8 * slots.length - 1

  const slotOf = (hash: number, left: number, right: number): number => {
    let slot = hash & mask
    for (;;) {
      const rank = (slots[slot] ?? 0) - 1
      if (rank < 0 || (pairs[2 * rank] === left && pairs[2 * rank + 1] === right)) return slot
      slot = (slot + 1) & mask
    }
  }
  for (let rank = 0; 2 * rank < pairs.length; rank++) {
    const [left, right] = [pairs[2 * rank] ?? 0, pairs[2 * rank + 1] ?? 0]
    const hash = hashOf(left, right)
    const bit = hash & hashes
    bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7))
    slots[slotOf(hash, left, right)] = rank + 1
  }
  return (left, right) => {
    const hash = hashOf(left, right)
    const bit = hash & hashes
    if ((((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 0) return never
    const rank = (slots[slotOf(hash, left, right)] ?? 0) - 1
    return rank < 0 ? never : rank
  }
}
