/** Cutting a text into the pieces that are tokenized each by itself, as byte-level tokenizers do since GPT-2. */
import { kind, kindsOfUnits } from "./characters.ts"

/** How numbers are cut: with a space before them, apart from all else, or digit by digit. */
export type Numbers = "joined" | "apart" | "digits"

/**
 * Where the piece ends that begins at `begin` in a text which ends at `limit`, or -1 where a character is not covered. A
 * piece depends on no character beyond the one after the next.
 */
export type PieceEnd = (text: string, begin: number, limit: number) => number

const space = 0x20
const apostrophe = 0x27
const contraction = /'(?:[stmd]|re|ve|ll)/y

/**
 * The pieces are the matches of `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, after
 * numbers have been cut out as `numbers` says.
 */
export const pieceEnd = (numbers: Numbers): PieceEnd => {
  const kinds = kindsOfUnits()

  /** Kind at a position; what lies beyond the limit, or is cut out beforehand, is like the text's end. */
  const kindAt = (text: string, position: number, limit: number): number | null => {
    if (position >= limit) return null
    const found = kinds[text.charCodeAt(position)] ?? kind.uncovered
    return found === kind.number && numbers !== "joined" ? null : found
  }

  const numberEnd = (text: string, begin: number, limit: number): number => {
    let end = begin + 1
    while (end < limit && kinds[text.charCodeAt(end)] === kind.number) end++
    return end
  }

  const contractionEnd = (text: string, begin: number, limit: number): number => {
    contraction.lastIndex = begin
    const length = contraction.exec(text)?.[0].length ?? 0
    return begin + length <= limit ? begin + length : begin
  }

  return (text, begin, limit) => {
    const unit = text.charCodeAt(begin)
    let found = kinds[unit] ?? kind.uncovered
    let end = begin
    if (found === kind.number && numbers !== "joined")
      return numbers === "digits" ? begin + 1 : numberEnd(text, begin, limit)
    if (unit === apostrophe) {
      const contracted = contractionEnd(text, begin, limit)
      if (contracted > begin) return contracted
    }
    if (unit === space) {
      const next = kindAt(text, begin + 1, limit)
      if (next !== null && next !== kind.space) {
        found = next
        end++
      }
    }
    if (found === kind.uncovered) return -1
    do end++
    while (kindAt(text, end, limit) === found)
    // The last space before other characters begins a piece of its own, or theirs.
    const isSpaceBefore = found === kind.space && kindAt(text, end, limit) !== null && end - begin > 1
    return isSpaceBefore ? end - 1 : end
  }
}
