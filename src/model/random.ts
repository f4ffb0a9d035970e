/** Random numbers by counter: a pure function of where they are used, so nothing depends on what was drawn before. */

/** The finaliser of MurmurHash3 (Appleby): mixes 32 bits so that every input bit reaches every output bit. */
export const mix = (x: number): number => {
  let h = x >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A hash of whole numbers, each below 2^32, in order. */
export const hash = (...words: ReadonlyArray<number>): number => {
  let h = 0x9e3779b9
  for (const word of words) h = mix(Math.imul(h, 0x01000193) ^ mix(word ^ 0x5bd1e995))
  return h
}

/** A hash of a text, by its UTF-16 units. */
export const hashText = (text: string): number => {
  let h = hash(text.length)
  for (let i = 0; i < text.length; i++) h = hash(h, text.charCodeAt(i))
  return h
}

/** Uniform in [0, 1) with 24 bits: number `counter` of the stream `key`. */
export const uniform = (key: number, counter: number): number => (hash(key, counter) >>> 8) / 0x1000000

/** 0 to count - 1 in an order that the key alone decides (Fisher and Yates). */
export const permutation = (count: number, key: number): Int32Array => {
  const order = Int32Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = Math.floor((hash(key, last) / 0x100000000) * (last + 1))
    const kept = order[last] ?? 0
    order[last] = order[other] ?? 0
    order[other] = kept
  }
  return order
}
