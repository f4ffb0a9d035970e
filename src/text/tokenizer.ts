/** Tokenizers: any Hugging Face `tokenizer.json`, giving the very ids that the Python library gives. */
import type { Tokenizer as NativeTokenizer } from "@anush008/tokenizers"
import * as Effect from "effect/Effect"
import { byteLevelEncoder, type Encoded } from "./byteLevel.ts"
import { type ByteLevel, readByteLevel } from "./byteLevelVocabulary.ts"
import { NotATokenizer, TextNotUnicode, type TokenizerFailure, TokenizerUnsupported } from "./Errors.ts"
import type { Prompted } from "./packedBatch.ts"
import { readSpecialTokens } from "./specialTokens.ts"
import { type EncodeMany, encodeInThreads } from "./threads.ts"

/** The texts of a tokenizer's files; null where a model has no such file. */
export interface TokenizerFiles {
  readonly tokenizer: string
  /** `tokenizer_config.json` */
  readonly config: string | null
  /** `special_tokens_map.json` */
  readonly specialTokensMap: string | null
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
  const byteLevel = readByteLevel(yield* parseTokenizerJson(files.tokenizer))
  // The library is native code and reads the file once more: it is loaded where something has to go to it.
  const native = yield* Effect.cached(readNative(files.tokenizer))
  const tokens = byteLevel === null ? yield* libraryTokens(yield* native) : tokensOf(byteLevel)
  const quickly = byteLevel === null ? nothingQuickly : yield* quicklyBy(byteLevel)
  const roles = yield* readSpecialTokens(files.config, files.specialTokensMap)
  const idOf = (role: string, token: string | null): Effect.Effect<number | null, TokenizerUnsupported> => {
    const id = token === null ? null : tokens.idOf(token)
    return token !== null && id === null
      ? new TokenizerUnsupported({ reason: `its config names "${token}" as ${role}, which its vocabulary lacks` })
      : Effect.succeed(id)
  }
  const bosId = yield* idOf("bos_token", roles.bos)
  const eosId = yield* idOf("eos_token", roles.eos)
  const { around } = tokens
  return {
    vocabularySize: tokens.count,
    bosId,
    eosId,
    padId: yield* idOf("pad_token", roles.pad),
    unkId: yield* idOf("unk_token", roles.unk),
    addsBos: bosId !== null && around.at(0) === bosId,
    // A lone token around nothing that is BOS and EOS at once stands before the text.
    addsEos: eosId !== null && around.at(-1) === eosId && !(around.length === 1 && eosId === bosId),
    encodeBatch: (texts, { special }) =>
      encodeEach(
        texts,
        (text) => text,
        quickly.texts(texts),
        (rest) => Effect.flatMap(native, (library) => encode(library, rest, special))
      ),
    encodePrompted: (rows) =>
      encodeEach(
        rows,
        ({ prompt, response }) => prompt + response,
        quickly.prompted(rows),
        (rest) => Effect.flatMap(native, (library) => encodePrompted(library, rest))
      ),
    decode: (ids) => Effect.flatMap(native, (library) => call(() => library.decode(Array.from(ids), false)))
  }
})

/** Encoding without the library; null stands for a text that has to go to it. */
interface Quickly {
  readonly texts: (texts: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<Int32Array | null>>
  readonly prompted: EncodeMany
}

const nothingQuickly: Quickly = {
  texts: (texts) => Effect.succeed(texts.map(() => null)),
  prompted: (rows) => Effect.succeed(rows.map(() => null))
}

const quicklyBy = Effect.fnUntraced(function* ({ vocabulary }: ByteLevel): Effect.fn.Return<Quickly> {
  const encode = byteLevelEncoder(vocabulary)
  return {
    texts: (texts) => Effect.sync(() => texts.map((text) => encode(text, 0)?.ids ?? null)),
    prompted: yield* encodeInThreads(vocabulary, encode)
  }
})

/** What is asked of a tokenizer's tokens once. */
interface Tokens {
  readonly count: number
  readonly idOf: (token: string) => number | null
  /** The tokens that are put around a text. */
  readonly around: Int32Array
}

const tokensOf = ({ tokens }: ByteLevel): Tokens => ({
  count: tokens.size,
  idOf: (token) => tokens.get(token) ?? null,
  around: new Int32Array()
})

const libraryTokens = (native: NativeTokenizer): Effect.Effect<Tokens, TokenizerUnsupported> =>
  Effect.map(encode(native, [""], true), ([around = new Int32Array()]) => ({
    count: native.getVocabSize(true),
    idOf: (token) => native.tokenToId(token),
    around
  }))

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

/**
 * The library encodes what could not be encoded quickly; results in the order of the items. Only such texts can have half
 * of a surrogate pair: no quick encoder covers one.
 */
const encodeEach = <Item, Ids>(
  items: ReadonlyArray<Item>,
  textOf: (item: Item) => string,
  quickly: Effect.Effect<ReadonlyArray<Ids | null>, TokenizerFailure>,
  library: (rest: ReadonlyArray<Item>) => Effect.Effect<ReadonlyArray<Ids>, TokenizerFailure>
): Effect.Effect<ReadonlyArray<Ids>, TokenizerFailure> =>
  Effect.gen(function* () {
    const encoded = yield* quickly
    const rest = items.flatMap((item, i) => (encoded[i] === null ? [{ item, i }] : []))
    const broken = rest.find(({ item }) => !textOf(item).isWellFormed())
    if (broken !== undefined) {
      const text = textOf(broken.item)
      return yield* new TextNotUnicode({ index: broken.i, position: text.search(/\p{Surrogate}/u), text })
    }
    const byLibrary = rest.length === 0 ? [] : yield* library(rest.map(({ item }) => item))
    const all = new Map(rest.map(({ i }, place) => [i, byLibrary[place]]))
    return encoded.map((ids, i) => ids ?? all.get(i)).filter((ids) => ids != null)
  })

const call = <A>(run: () => Promise<A>): Effect.Effect<A, TokenizerUnsupported> =>
  Effect.tryPromise({ try: run, catch: (error) => new TokenizerUnsupported({ reason: reasonOf(error) }) })

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
