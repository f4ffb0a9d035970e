/** Tokenizers: any Hugging Face `tokenizer.json`, giving the very ids that the Python library gives. */
import type { Tokenizer as NativeTokenizer } from "@anush008/tokenizers"
import * as Effect from "effect/Effect"
import { byteLevelEncoder, type EncodeByteLevel, type Encoded } from "./byteLevel.ts"
import { byteLevelVocabulary } from "./byteLevelVocabulary.ts"
import { NotATokenizer, TextNotUnicode, type TokenizerFailure, TokenizerUnsupported } from "./Errors.ts"
import { readSpecialTokens } from "./specialTokens.ts"

/** The texts of a tokenizer's files; null where a model has no such file. */
export interface TokenizerFiles {
  readonly tokenizer: string
  /** `tokenizer_config.json` */
  readonly config: string | null
  /** `special_tokens_map.json` */
  readonly specialTokensMap: string | null
}

/** What a model is given, and what it should write. */
export interface Prompted {
  readonly prompt: string
  readonly response: string
}

export interface Tokenizer {
  /** Tokens that there are, added ones included; a model's embedding may have more rows. */
  readonly vocabularySize: number
  readonly bosId: number | null
  readonly eosId: number | null
  readonly padId: number | null
  readonly unkId: number | null
  /** Whether a text encoded with special tokens begins with BOS (LLaMA) or ends with EOS. */
  readonly addsBos: boolean
  readonly addsEos: boolean
  /**
   * The ids of each text, untruncated and unpadded; `special` says whether the tokenizer's own BOS, EOS and the like
   * are put around them. A batch's ids are held in memory together: some thousand texts at a time are fastest.
   *
   * Fails on a text with half of a surrogate pair, where Python fails too.
   */
  readonly encodeBatch: (
    texts: ReadonlyArray<string>,
    options: { readonly special: boolean }
  ) => Effect.Effect<ReadonlyArray<Int32Array>, TokenizerFailure>
  /**
   * The ids of each prompt with its response as one text, and how many ids the prompt alone has; both with the tokenizer's
   * own special tokens. As `encodeBatch` otherwise.
   */
  readonly encodePrompted: (rows: ReadonlyArray<Prompted>) => Effect.Effect<ReadonlyArray<Encoded>, TokenizerFailure>
  /** The text of some ids, special tokens written out. */
  readonly decode: (ids: ArrayLike<number>) => Effect.Effect<string, TokenizerFailure>
}

/**
 * Reads a tokenizer. `tokenizer.json` alone decides the ids: as in transformers 5, its post-processor outweighs
 * `add_bos_token` and `add_eos_token` of the config; truncation and padding that it prescribes are left to the caller.
 *
 * Fails if a file is not what its name says, or names a special token that the vocabulary lacks.
 */
export const loadTokenizer = Effect.fnUntraced(function* (
  files: TokenizerFiles
): Effect.fn.Return<Tokenizer, TokenizerFailure> {
  const json = yield* parseTokenizerJson(files.tokenizer)
  const native = yield* readNative(files.tokenizer)
  const vocabulary = byteLevelVocabulary(json)
  const quick: EncodeByteLevel = vocabulary === null ? () => null : byteLevelEncoder(vocabulary)
  const tokens = yield* readSpecialTokens(files.config, files.specialTokensMap)
  const idOf = (role: string, token: string | null): Effect.Effect<number | null, TokenizerUnsupported> => {
    const id = token === null ? null : native.tokenToId(token)
    return token !== null && id === null
      ? new TokenizerUnsupported({ reason: `its config names "${token}" as ${role}, which its vocabulary lacks` })
      : Effect.succeed(id)
  }
  const bosId = yield* idOf("bos_token", tokens.bos)
  const eosId = yield* idOf("eos_token", tokens.eos)
  const [around] = yield* encode(native, [""], true)
  return {
    vocabularySize: native.getVocabSize(true),
    bosId,
    eosId,
    padId: yield* idOf("pad_token", tokens.pad),
    unkId: yield* idOf("unk_token", tokens.unk),
    addsBos: bosId !== null && around?.at(0) === bosId,
    // A lone token around nothing that is BOS and EOS at once stands before the text.
    addsEos: eosId !== null && around?.at(-1) === eosId && !(around.length === 1 && eosId === bosId),
    encodeBatch: (texts, { special }) =>
      Effect.andThen(
        requireUnicode(texts),
        encodeEach(
          texts,
          (text) => quick(text, 0)?.ids ?? null,
          (rest) => encode(native, rest, special)
        )
      ),
    encodePrompted: (rows) =>
      Effect.andThen(
        requireUnicode(rows.map(({ prompt, response }) => prompt + response)),
        encodeEach(
          rows,
          ({ prompt, response }) => quick(prompt + response, prompt.length),
          (rest) => encodePrompted(native, rest)
        )
      ),
    decode: (ids) => call(() => native.decode(Array.from(ids), false))
  }
})

/** The library is native code, so it is loaded only where a tokenizer is. */
const readNative = Effect.fnUntraced(function* (text: string): Effect.fn.Return<NativeTokenizer, TokenizerFailure> {
  const library = yield* call(() => import("@anush008/tokenizers"))
  const native = yield* call(async () => library.Tokenizer.fromString(text))
  native.disableTruncation()
  native.disablePadding()
  return native
})

const parseTokenizerJson = (text: string): Effect.Effect<object, NotATokenizer> => {
  const notATokenizer = (reason: string) => new NotATokenizer({ file: "tokenizer.json", reason })
  return Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: (error) => notATokenizer(`it is not JSON (${reasonOf(error)})`)
  }).pipe(
    Effect.flatMap((value) =>
      typeof value === "object" && value !== null && "model" in value
        ? Effect.succeed(value)
        : notATokenizer(`it has no "model"`)
    )
  )
}

const requireUnicode = (texts: ReadonlyArray<string>): Effect.Effect<void, TextNotUnicode> => {
  const index = texts.findIndex((text) => !text.isWellFormed())
  const text = texts[index]
  if (text === undefined) return Effect.void
  return new TextNotUnicode({ index, position: text.search(/\p{Surrogate}/u), text })
}

const encode = (
  native: NativeTokenizer,
  texts: ReadonlyArray<string>,
  special: boolean
): Effect.Effect<ReadonlyArray<Int32Array>, TokenizerUnsupported> =>
  call(async () => {
    const encodings = await native.encodeBatch([...texts], { addSpecialTokens: special })
    return encodings.map((encoding) => Int32Array.from(encoding.getIds()))
  })

/** As a whole, and once more the prompts alone. */
const encodePrompted = (
  native: NativeTokenizer,
  rows: ReadonlyArray<Prompted>
): Effect.Effect<ReadonlyArray<Encoded>, TokenizerUnsupported> =>
  Effect.gen(function* () {
    const prompts = rows.map(({ prompt }) => prompt)
    const encoded = yield* encode(
      native,
      rows.map(({ prompt, response }) => prompt + response),
      true
    )
    const alone = yield* encode(native, prompts, true)
    return encoded.map((ids, i) => ({ ids, promptTokens: alone[i]?.length ?? 0 }))
  })

/** Encodes what can be encoded quickly here and now, the rest by the library; results in the order of the items. */
const encodeEach = <Item, Ids>(
  items: ReadonlyArray<Item>,
  quick: (item: Item) => Ids | null,
  library: (rest: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<Ids>, TokenizerUnsupported>
): Effect.Effect<ReadonlyArray<Ids>, TokenizerUnsupported> =>
  Effect.suspend(() => {
    const encoded = items.map(quick)
    const rest = items.flatMap((item, i) => (encoded[i] === null ? [{ item, i }] : []))
    const byLibrary = rest.length === 0 ? Effect.succeed([]) : library(rest.map(({ item }) => item))
    return Effect.map(byLibrary, (found) => {
      const all = new Map(rest.map(({ i }, place) => [i, found[place]]))
      return encoded.map((ids, i) => ids ?? all.get(i)).filter((ids) => ids != null)
    })
  })

const call = <A>(run: () => Promise<A>): Effect.Effect<A, TokenizerUnsupported> =>
  Effect.tryPromise({ try: run, catch: (error) => new TokenizerUnsupported({ reason: reasonOf(error) }) })

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
