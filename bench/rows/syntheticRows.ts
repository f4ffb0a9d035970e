/**
 * Instruction rows in made-up Japanese, without end: the same rows for the same seed on every machine. Frequent words are few
 * and rare ones many, and runs of letters between punctuation are as long as in prose, for on both the work of a
 * tokenizer depends. A row's own text has a median of about 67 tokens in a vocabulary of 50,000.
 */

export interface SyntheticRow {
  readonly instruction: string
  readonly input: string
  readonly output: string
}

/** Xorshift with 32 bits of state (Marsaglia 2003): uniform in (0, 1). */
const uniform = (seed: number): (() => number) => {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return ((state >>> 0) + 0.5) / 2 ** 32
  }
}

/** Words that there are; a word's rank decides how often it is said. */
const vocabulary = 40_000
const particles = ["は", "が", "を", "に", "で", "と", "も", "の", "から", "まで", "より", "へ"]
const endings = ["です。", "ます。", "でした。", "ました。", "でしょうか？", "ください。", "である。", "、", "、", "\n"]

const letters = (first: number, count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, i) => String.fromCodePoint(first + i))

/** Kanji from all over their block, and the kana. */
const kanji = Array.from({ length: 2_000 }, (_, i) => String.fromCodePoint(0x4e00 + 7 * i))
const hiragana = letters(0x3042, 80)
const katakana = letters(0x30a2, 80)

const words = (): ReadonlyArray<string> => {
  const random = uniform(97)
  const pick = (from: ReadonlyArray<string>, power: number) => from[Math.floor(from.length * random() ** power)] ?? ""
  const several = (from: ReadonlyArray<string>, least: number, most: number, power: number) =>
    Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, () => pick(from, power)).join("")
  return Array.from({ length: vocabulary }, () => {
    const kind = random()
    if (kind < 0.55) return several(kanji, 1, 3, 2.5)
    if (kind < 0.75) return several(kanji, 1, 1, 2.5) + several(hiragana, 1, 3, 1.3)
    if (kind < 0.93) return several(katakana, 2, 6, 1.3)
    return String(Math.floor(10_000 * random() ** 3))
  })
}

/** Letters of a text: log-normal, as the lengths of questions and answers are. */
const lengthOf = (random: () => number, median: number, spread: number): number =>
  median * Math.exp(spread * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()))

/** Letters that no text goes beyond by more than a word. */
const most = 1_200

export function* syntheticRows(seed: number): Generator<SyntheticRow> {
  const random = uniform(seed)
  const lexicon = words()
  const text = (length: number): string => {
    let written = ""
    while (written.length < Math.min(length, most)) {
      written += lexicon[Math.floor(lexicon.length * random() ** 3)] ?? ""
      const next = random()
      written +=
        next < 0.75
          ? (particles[Math.floor(particles.length * random())] ?? "")
          : (endings[Math.floor(endings.length * random())] ?? "")
    }
    return written
  }
  for (;;) {
    yield {
      instruction: text(lengthOf(random, 20, 0.5)),
      input: random() < 0.5 ? "" : text(lengthOf(random, 25, 1)),
      output: text(lengthOf(random, 25, 1.1))
    }
  }
}
