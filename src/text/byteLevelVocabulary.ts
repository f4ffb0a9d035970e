/** Reads what byte-level BPE needs off a `tokenizer.json`, if that is all which the tokenizer does. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Merges } from "./bytePairs.ts"
import type { Numbers } from "./pieces.ts"

export interface ByteLevelVocabulary {
  /** The id of each byte. */
  readonly byteIds: Int32Array
  readonly merges: Merges
  readonly numbers: Numbers
  /** Finds a token that is taken out of a text before all else; null where there is none. */
  readonly addedTokens: RegExp | null
}

const absent = Schema.optionalKey(Schema.Null)
const absentOrEmpty = Schema.optionalKey(Schema.NullOr(Schema.Literal("")))

const ByteLevelPieces = Schema.Struct({
  type: Schema.Literal("ByteLevel"),
  add_prefix_space: Schema.Literal(false),
  use_regex: Schema.optionalKey(Schema.Literal(true))
})
const DigitPieces = Schema.Struct({ type: Schema.Literal("Digits"), individual_digits: Schema.Boolean })

/** The make-up that is understood. Whatever else a tokenizer has is left to the library. */
const ByteLevelTokenizer = Schema.Struct({
  normalizer: Schema.optionalKey(Schema.NullOr(Schema.Struct({ type: Schema.Literal("NFC") }))),
  pre_tokenizer: Schema.Union([
    ByteLevelPieces,
    Schema.Struct({
      type: Schema.Literal("Sequence"),
      pretokenizers: Schema.Tuple([DigitPieces, ByteLevelPieces])
    })
  ]),
  // Of the post-processors, this one changes places alone, no id.
  post_processor: Schema.optionalKey(Schema.NullOr(Schema.Struct({ type: Schema.Literal("ByteLevel") }))),
  added_tokens: Schema.Array(Schema.Struct({ id: Schema.Int, content: Schema.NonEmptyString })),
  model: Schema.Struct({
    type: Schema.Literal("BPE"),
    dropout: absent,
    continuing_subword_prefix: absentOrEmpty,
    end_of_word_suffix: absentOrEmpty,
    ignore_merges: Schema.optionalKey(Schema.Literal(false)),
    vocab: Schema.Unknown,
    merges: Schema.Unknown
  })
})
type ByteLevelTokenizer = typeof ByteLevelTokenizer.Type

/** A tokenizer that is byte-level BPE and nothing else. */
export interface ByteLevel {
  readonly vocabulary: ByteLevelVocabulary
  /** The id of every token, added ones included. */
  readonly tokens: ReadonlyMap<string, number>
}

/** Null for a tokenizer that is not byte-level BPE, or not that alone. `json` is a parsed `tokenizer.json`. */
export const readByteLevel = (json: unknown): ByteLevel | null => {
  const tokenizer = Option.getOrNull(Schema.decodeUnknownOption(ByteLevelTokenizer)(json))
  const own = tokenizer === null ? null : vocabularyOf(tokenizer.model.vocab)
  if (tokenizer === null || own === null) return null
  const byteIds = byteLetters().map((letter) => own.get(letter))
  const merges = mergesOf(tokenizer.model.merges, own)
  const tokens = withAdded(own, tokenizer.added_tokens)
  if (merges === null || tokens === null || !byteIds.every((id) => id !== undefined)) return null
  const addedTokens = anyOf(tokenizer.added_tokens.flatMap(({ content }) => [content, content.normalize("NFC")]))
  return {
    vocabulary: { byteIds: Int32Array.from(byteIds), merges, numbers: numbersOf(tokenizer), addedTokens },
    tokens
  }
}

/** Added tokens keep the ids that they have in the vocabulary; the others come after it. Null where a file says otherwise. */
const withAdded = (
  own: ReadonlyMap<string, number>,
  added: ByteLevelTokenizer["added_tokens"]
): ReadonlyMap<string, number> | null => {
  const tokens = new Map(own)
  for (const { content, id } of added) {
    if (id !== (tokens.get(content) ?? tokens.size)) return null
    tokens.set(content, id)
  }
  return tokens
}

const numbersOf = ({ pre_tokenizer }: ByteLevelTokenizer): Numbers =>
  pre_tokenizer.type === "ByteLevel" ? "joined" : pre_tokenizer.pretokenizers[0].individual_digits ? "digits" : "apart"

const anyOf = (texts: ReadonlyArray<string>): RegExp | null =>
  texts.length === 0 ? null : new RegExp(texts.map((text) => text.replace(/[$()*+./?[\\\]^{|}]/g, "\\$&")).join("|"))

/** Vocabularies and merges are too long for a schema: they are checked entry by entry. */
const vocabularyOf = (vocab: unknown): ReadonlyMap<string, number> | null => {
  if (typeof vocab !== "object" || vocab === null) return null
  const ids = new Map<string, number>()
  for (const [token, id] of Object.entries(vocab)) {
    if (!Number.isInteger(id)) return null
    ids.set(token, id)
  }
  // Two tokens of one id would make it unclear which of them merges.
  return new Set(ids.values()).size === ids.size ? ids : null
}

/** Older files write a merge as one text with a space in it, newer ones as a pair. */
const mergesOf = (written: unknown, vocabulary: ReadonlyMap<string, number>): Merges | null => {
  if (!Array.isArray(written)) return null
  const pairs = new Int32Array(2 * written.length)
  const merged = new Int32Array(written.length)
  for (const [rank, entry] of written.entries()) {
    const pair: unknown = typeof entry === "string" ? entry.split(" ") : entry
    if (!Array.isArray(pair) || pair.length !== 2) return null
    const [left, right, both] = [...pair, pair.join("")].map((token) => vocabulary.get(token))
    if (left === undefined || right === undefined || both === undefined) return null
    pairs.set([left, right], 2 * rank)
    merged[rank] = both
  }
  return { pairs, merged }
}

/** The letters that stand for bytes: printable ones for themselves, the others for letters from U+0100 on, in order. */
const byteLetters = (): ReadonlyArray<string> => {
  let next = 0x100
  return Array.from({ length: 0x100 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : next++))
}

const isPrintable = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
