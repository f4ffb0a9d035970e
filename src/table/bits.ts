/** Bitmaps as Arrow stores them: one bit a value, the lowest bit first; one byte a value in memory. */

/** Packs bytes of 0 and 1. */
export const pack = (flags: Uint8Array): Uint8Array => {
  const bits = new Uint8Array((flags.length + 7) >> 3)
  for (let i = 0; i < flags.length; i++) {
    if (flags[i] !== 0) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7))
  }
  return bits
}

/** Unpacks `length` bits, the first of them at bit `start`. */
export const unpack = (bits: Uint8Array, start: number, length: number): Uint8Array => {
  const flags = new Uint8Array(length)
  for (let i = 0; i < length; i++) flags[i] = ((bits[(start + i) >> 3] ?? 0) >> ((start + i) & 7)) & 1
  return flags
}

/** How many of the bytes are 0. */
export const zeros = (flags: Uint8Array): number => {
  let count = 0
  for (let i = 0; i < flags.length; i++) if (flags[i] === 0) count++
  return count
}
