/** CPython's `random.Random` for integer seeds: shuffles and samples that give the rows Python tools chose. */

const stateLength = 624
const middle = 397

/** An array or a typed array. */
interface Swappable<A> {
  readonly length: number
  [position: number]: A
}

/**
 * A stream of pseudo-random numbers, equal draw by draw to `random.Random(seed)` of CPython 3.2 and later: MT19937
 * seeded by `init_by_array` (Matsumoto and Nishimura 1998, 2002), integers below a bound by rejection, `shuffle`, and
 * both branches of `sample`. It is a mutable cursor: every call moves it, and the order of calls is part of the result.
 */
export class PythonRandom {
  readonly #state = new Uint32Array(stateLength)
  #position = stateLength

  /** `seed` is any integer; like Python, its sign is ignored. */
  constructor(seed: number | bigint) {
    this.#seedByArray(wordsOf(seed))
  }

  /** `getrandbits(bits)`: uniform in [0, 2^bits), for 1 <= bits <= 53. */
  bits(bits: number): number {
    if (!(bits >= 1 && bits <= 53)) throw new RangeError(`random bits: 1 to 53 can be drawn at once, not ${bits}`)
    if (bits <= 32) return this.#word() >>> (32 - bits)
    const low = this.#word()
    return (this.#word() >>> (64 - bits)) * 2 ** 32 + low
  }

  /** `randrange(bound)`: uniform in [0, bound), for 1 <= bound < 2^53. */
  below(bound: number): number {
    if (!(Number.isSafeInteger(bound) && bound >= 1)) {
      throw new RangeError(`random integer below ${bound}: the bound must be a whole number of 1 or more`)
    }
    const bits = bitLength(bound)
    let draw = this.bits(bits)
    while (draw >= bound) draw = this.bits(bits)
    return draw
  }

  /** `random()`: uniform in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.#word() >>> 5
    const low = this.#word() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  /** `shuffle(items)`, in place; row numbers in a `Uint32Array` cost 4 bytes a row. */
  shuffle<A>(items: Swappable<A>): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const moved = items[i] as A
      items[i] = items[j] as A
      items[j] = moved
    }
  }

  /** The positions that `sample(population, count)` picks from a population of `size`, in its order. */
  sample(size: number, count: number): Uint32Array {
    if (!(count >= 0 && count <= size)) {
      throw new RangeError(`sample: ${count} items cannot be drawn from a population of ${size}`)
    }
    return size <= poolLimit(count) ? this.#sampleFromPool(size, count) : this.#sampleByRejection(size, count)
  }

  #sampleFromPool(size: number, count: number): Uint32Array {
    const pool = Uint32Array.from({ length: size }, (_, position) => position)
    return Uint32Array.from({ length: count }, (_, drawn) => {
      const last = size - drawn - 1
      const j = this.below(last + 1)
      const chosen = at(pool, j)
      pool[j] = at(pool, last)
      return chosen
    })
  }

  #sampleByRejection(size: number, count: number): Uint32Array {
    const chosen = new Set<number>()
    while (chosen.size < count) chosen.add(this.below(size))
    return Uint32Array.from(chosen)
  }

  #word(): number {
    if (this.#position === stateLength) this.#twist()
    let word = at(this.#state, this.#position++)
    word ^= word >>> 11
    word ^= (word << 7) & 0x9d2c5680
    word ^= (word << 15) & 0xefc60000
    return (word ^ (word >>> 18)) >>> 0
  }

  #twist(): void {
    const state = this.#state
    for (let i = 0; i < stateLength; i++) {
      const mixed = (at(state, i) & 0x80000000) | (at(state, (i + 1) % stateLength) & 0x7fffffff)
      state[i] = at(state, (i + middle) % stateLength) ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0)
    }
    this.#position = 0
  }

  #seedByArray(key: ReadonlyArray<number>): void {
    const state = this.#state
    state[0] = 19650218
    for (let i = 1; i < stateLength; i++) state[i] = Math.imul(scrambled(state, i), 1812433253) + i
    let i = 1
    const advance = () => {
      if (++i < stateLength) return
      state[0] = at(state, stateLength - 1)
      i = 1
    }
    const rounds = Math.max(stateLength, key.length)
    for (let round = 0; round < rounds; round++) {
      const j = round % key.length
      state[i] = (at(state, i) ^ Math.imul(scrambled(state, i), 1664525)) + (key[j] ?? 0) + j
      advance()
    }
    for (let round = 1; round < stateLength; round++) {
      state[i] = (at(state, i) ^ Math.imul(scrambled(state, i), 1566083941)) - i
      advance()
    }
    state[0] = 0x80000000
  }
}

const at = (words: Uint32Array, index: number): number => words[index] ?? 0

const scrambled = (state: Uint32Array, i: number): number => at(state, i - 1) ^ (at(state, i - 1) >>> 30)

const bitLength = (n: number): number => (n < 2 ** 32 ? 32 - Math.clz32(n) : 64 - Math.clz32(n / 2 ** 32))

/** The largest population that `sample` copies: 21, or 21 + 4^ceil(log4(3 count)) when more than 5 are drawn. */
const poolLimit = (count: number): number => {
  if (count <= 5) return 21
  let power = 1
  while (power < 3 * count) power *= 4
  return 21 + power
}

/** Magnitude as 32-bit words, least significant first; zero is one word. */
const wordsOf = (seed: number | bigint): ReadonlyArray<number> => {
  const magnitude = BigInt(seed) < 0n ? -BigInt(seed) : BigInt(seed)
  const words: Array<number> = []
  for (let rest = magnitude; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn))
  return words.length === 0 ? [0] : words
}
