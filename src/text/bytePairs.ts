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

/** Ids and the ranks of neighbors lie side by side, without gaps. Time grows with n² for a piece of n bytes. */
const applyToShort = (rankOf: RankOf, mergedIds: Int32Array): ApplyMerges => {
  // One for each id and its right neighbor.
  const ranks = new Int32Array(short)
  return (ids, from, to) => {
    let last = to - from - 1
    for (let i = 0; i < last; i++) ranks[i] = rankOf(ids[from + i] ?? 0, ids[from + i + 1] ?? 0)
    for (;;) {
      let rank = never
      let at = 0
      for (let i = 0; i < last; i++) {
        const found = ranks[i] ?? never
        if (found < rank) {
          rank = found
          at = i
        }
      }
      if (rank === never) return from + last + 1
      const id = mergedIds[rank] ?? 0
      ids[from + at] = id
      last--
      for (let i = at + 1; i <= last; i++) {
        ids[from + i] = ids[from + i + 1] ?? 0
        ranks[i] = ranks[i + 1] ?? never
      }
      if (at > 0) ranks[at - 1] = rankOf(ids[from + at - 1] ?? 0, id)
      if (at < last) ranks[at] = rankOf(id, ids[from + at + 1] ?? 0)
    }
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

/** Ranks by pair. Where merges name a pair twice, its last place counts. */
export const ranks = (pairs: Int32Array): RankOf => {
  // Open addressing, at most half full; a slot holds rank + 1, or 0. A Map would need a key object for each question.
  const mask = 2 ** Math.ceil(Math.log2(pairs.length + 2)) - 1
  const slots = new Int32Array(mask + 1)
  const slotOf = (left: number, right: number): number => {
    const hash = Math.imul(left, 0x9e37_79b1) ^ Math.imul(right, 0x85eb_ca6b)
    let slot = (hash ^ (hash >>> 15)) & mask
    for (;;) {
      const rank = (slots[slot] ?? 0) - 1
      if (rank < 0 || (pairs[2 * rank] === left && pairs[2 * rank + 1] === right)) return slot
      slot = (slot + 1) & mask
    }
  }
  for (let rank = 0; 2 * rank < pairs.length; rank++) {
    slots[slotOf(pairs[2 * rank] ?? 0, pairs[2 * rank + 1] ?? 0)] = rank + 1
  }
  return (left, right) => {
    const rank = (slots[slotOf(left, right)] ?? 0) - 1
    return rank < 0 ? never : rank
  }
}
