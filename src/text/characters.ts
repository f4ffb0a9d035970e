/** What a character is to the splitting of texts: a letter, a number, a space, or something else. */

/** Kinds of characters. The uncovered ones are those of which nothing is said here. */
export const kind = { uncovered: 0, letter: 1, number: 2, space: 3, other: 4 } as const

/**
 * Characters of one UTF-16 unit that are as old as Unicode 6, that normalization to NFC leaves alone whatever stands
 * beside them, and whose kind has not changed since: Latin, punctuation and symbols, kana, kanji, Hangul syllables, forms
 * of half and full width. About them all libraries agree, of whichever Unicode version they are.
 */
const covered = new RegExp(
  "[" +
    "\\u0000-\\u02ff\\u2002-\\u200a\\u2010-\\u2027\\u2030-\\u205e\\u20a0-\\u20b5\\u2190-\\u22ff\\u2460-\\u26ff" +
    "\\u3000-\\u3029\\u3030-\\u303f\\u3041-\\u3096\\u309b-\\u30ff\\u3220-\\u33fe\\u4e00-\\u9fa5\\uac00-\\ud7a3" +
    "\\uff01-\\uffbe\\uffe0-\\uffe6" +
    "]"
)

const kindOf = (character: string): number =>
  !covered.test(character)
    ? kind.uncovered
    : /\p{L}/u.test(character)
      ? kind.letter
      : /\p{N}/u.test(character)
        ? kind.number
        : /\p{White_Space}/u.test(character)
          ? kind.space
          : kind.other

/** The kind of every UTF-16 unit: a table of 64 KiB. */
export const kindsOfUnits = (): Uint8Array =>
  Uint8Array.from({ length: 0x1_0000 }, (_, unit) => kindOf(String.fromCharCode(unit)))
