/**
 * The ids of pieces of texts that were seen before. A map of strings would have each piece copied and hashed by the
 * engine to ask for it, which takes longer than all else that a known piece needs.
 */

export interface PieceMemory {
  /** Writes the ids of the piece of `text` from `from` to `to` into `ids` from `at` on: where they end, -1 if it is unknown. */
  readonly recall: (text: string, from: number, to: number, ids: Int32Array, at: number) => number
  /** Remembers that an unknown piece has the ids from `begin` to `end`, once it is told so a second time. */
  readonly remember: (text: string, from: number, to: number, ids: Int32Array, begin: number, end: number) => void
}

/**
 * How much is remembered before all is forgotten: pieces, and their UTF-16 units and ids in all. Together 8 MiB. And hashes of pieces that
 * came once, of which one takes the place of another: most pieces of a text without spaces never come again.
 */
const most = { pieces: 2 ** 17, units: 2 ** 20, ids: 2 ** 20, once: 2 ** 15 }

/** Longer pieces hardly come again. */
const longest = 2 ** 8

export const pieceMemory = (): PieceMemory => {
  const units = new Uint16Array(most.units)
  const ids = new Int32Array(most.ids)
  // Piece n has the units from unitEnds[n] to unitEnds[n + 1], and the ids likewise.
  const unitEnds = new Int32Array(most.pieces + 1)
  const idEnds = new Int32Array(most.pieces + 1)
  // Open addressing, at most half full; a slot holds a piece + 1, or 0.
  const slots = new Int32Array(2 * most.pieces)
  const mask = slots.length - 1
  let pieces = 0
  const once = new Int32Array(most.once)

  const isPiece = (piece: number, text: string, from: number, length: number): boolean => {
    const begin = unitEnds[piece] ?? 0
    if ((unitEnds[piece + 1] ?? 0) - begin !== length) return false
    for (let i = 0; i < length; i++) if (units[begin + i] !== text.charCodeAt(from + i)) return false
    return true
  }

  const hashOf = (text: string, from: number, to: number): number => {
    let hash = 0
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x9e37_79b1) ^ (hash >>> 15)
    return hash ^ (hash >>> 15)
  }

  /** The slot that holds a piece of this hash, or the empty one where it belongs. */
  const slotOf = (hash: number, text: string, from: number, to: number): number => {
    let slot = hash & mask
    for (;;) {
      const piece = (slots[slot] ?? 0) - 1
      if (piece < 0 || isPiece(piece, text, from, to - from)) return slot
      slot = (slot + 1) & mask
    }
  }

  const cameBefore = (hash: number): boolean => {
    const place = hash & (most.once - 1)
    if (once[place] === hash) return true
    once[place] = hash
    return false
  }

  const isFullFor = (length: number, count: number): boolean =>
    pieces === most.pieces || (unitEnds[pieces] ?? 0) + length > most.units || (idEnds[pieces] ?? 0) + count > most.ids

  const forget = (): void => {
    slots.fill(0)
    pieces = 0
  }

  return {
    recall: (text, from, to, target, at) => {
      const piece = (slots[slotOf(hashOf(text, from, to), text, from, to)] ?? 0) - 1
      if (piece < 0) return -1
      const begin = idEnds[piece] ?? 0
      const count = (idEnds[piece + 1] ?? 0) - begin
      for (let i = 0; i < count; i++) target[at + i] = ids[begin + i] ?? 0
      return at + count
    },
    remember: (text, from, to, source, begin, end) => {
      const length = to - from
      const count = end - begin
      const hash = hashOf(text, from, to)
      if (length > longest || !cameBefore(hash)) return
      if (isFullFor(length, count)) forget()
      const unitsBegin = unitEnds[pieces] ?? 0
      const idsBegin = idEnds[pieces] ?? 0
      for (let i = 0; i < length; i++) units[unitsBegin + i] = text.charCodeAt(from + i)
      for (let i = 0; i < count; i++) ids[idsBegin + i] = source[begin + i] ?? 0
      unitEnds[pieces + 1] = unitsBegin + length
      idEnds[pieces + 1] = idsBegin + count
      slots[slotOf(hash, text, from, to)] = ++pieces
    }
  }
}
