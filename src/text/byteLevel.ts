/**
 * Byte-level BPE without the library: the tokenizers of GPT-2, GPT-NeoX and OpenCALM, several times as fast.
 *
 * Only what is sure to give the library's ids is done here. A tokenizer of another make-up is not read at all, and a text
 * with an added token or an uncommon character in it is handed back.
 */
import { applyMerges, ranks } from "./bytePairs.ts"
import type { ByteLevelVocabulary } from "./byteLevelVocabulary.ts"
import { characterTokens } from "./characterTokens.ts"
import { pieceMemory } from "./pieceMemory.ts"
import { pieceEnd } from "./pieces.ts"

/** The ids of a prompt with its response, and how many ids the prompt has alone. */
export interface Encoded {
  readonly ids: Int32Array
  readonly promptTokens: number
}

/**
 * Encodes a text, of which the first `promptLength` UTF-16 units are the prompt. Null where the text has to go to the
 * library. Texts must not have halves of surrogate pairs.
 */
export type EncodeByteLevel = (text: string, promptLength: number) => Encoded | null

const mostBytesPerUnit = 3

export const byteLevelEncoder = ({ addedTokens, byteIds, merges, numbers }: ByteLevelVocabulary): EncodeByteLevel => {
  const rankOf = ranks(merges.pairs)
  const merge = applyMerges(merges, rankOf)
  const appendCharacter = characterTokens(byteIds, merges, rankOf)
  const endOf = pieceEnd(numbers)
  const memory = pieceMemory()
  let ids = new Int32Array(2 ** 12)

  /** Writes the ids of a piece from `at` on; where they end. */
  const appendPiece = (text: string, from: number, to: number, at: number): number => {
    const known = memory.recall(text, from, to, ids, at)
    if (known >= 0) return known
    const end = merge(ids, at, appendCharacters(text, from, to, at))
    memory.remember(text, from, to, ids, at, end)
    return end
  }

  const appendCharacters = (text: string, from: number, to: number, at: number): number => {
    let end = at
    for (let i = from; i < to; i++) end = appendCharacter(text.charCodeAt(i), ids, end)
    return end
  }

  /** Writes the ids of a part of a text, as if it were all of it; -1 where a character is not covered. */
  const append = (text: string, begin: number, limit: number, at: number): number => {
    let end = at
    for (let from = begin; from < limit;) {
      const to = endOf(text, from, limit)
      if (to < 0) return to
      end = appendPiece(text, from, to, end)
      from = to
    }
    return end
  }

  return (text, promptLength) => {
    if (addedTokens?.test(text)) return null
    const most = mostBytesPerUnit * text.length
    if (ids.length < most) ids = new Int32Array(2 * most)
    // Pieces that end well before the prompt does are the same whether or not a response follows.
    let shared = 0
    let at = 0
    for (let end = endOf(text, 0, text.length); end + 1 < promptLength; end = endOf(text, shared, text.length)) {
      if (end < 0) return null
      at = appendPiece(text, shared, end, at)
      shared = end
    }
    // The rest of the prompt is counted alone, and overwritten.
    const promptTokens = append(text, shared, promptLength, at)
    const end = promptTokens < 0 ? promptTokens : append(text, shared, text.length, at)
    return end < 0 ? null : { ids: ids.slice(0, end), promptTokens }
  }
}
