/** Tokenizers give the ids of the Python library, as test/reference/tokenizerGoldens.py wrote them down. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { equal } from "../agreement/agreement.ts"
import { loadTokenizer, type TokenizerFiles } from "../../src/text/tokenizer.ts"

const read = (name: string): string => fs.readFileSync(new URL(`golden/tokenizers/${name}`, import.meta.url), "utf8")

const filesOf = (name: string): TokenizerFiles => ({
  tokenizer: read(`${name}.tokenizer.json`),
  config: read(`${name}.tokenizer_config.json`),
  specialTokensMap: null
})

/** Ids in full, or for a long text their number and their ends. */
type Ids =
  | ReadonlyArray<number>
  | {
      readonly length: number
      readonly first: ReadonlyArray<number>
      readonly last: ReadonlyArray<number>
    }

interface Golden {
  readonly vocabularySize: number
  readonly bosId: number | null
  readonly eosId: number | null
  readonly padId: number | null
  readonly unkId: number | null
  readonly cases: ReadonlyArray<{
    readonly text: string | { readonly start: string; readonly unit: string; readonly length: number }
    readonly plain: Ids
    readonly special: Ids
    readonly decoded: string | null
  }>
}

const goldenOf = (name: string): Golden => JSON.parse(read(`${name}.golden.json`))

const textOf = ({ text }: Golden["cases"][number]): string =>
  typeof text === "string" ? text : (text.start + text.unit.repeat(text.length)).slice(0, text.length)

const likeExpected = (ids: Int32Array | undefined, expected: Ids): unknown => {
  const all = Array.from(ids ?? [])
  return "first" in expected ? { length: all.length, first: all.slice(0, 20), last: all.slice(-20) } : all
}

describe.each(["byteLevel", "sentencePiece"])("loadTokenizer, %s", (name) => {
  it.effect("gives Python's ids", () =>
    Effect.gen(function* () {
      const tokenizer = yield* loadTokenizer(filesOf(name))
      const golden = goldenOf(name)
      for (const mode of ["plain", "special"] as const) {
        const ids = yield* tokenizer.encodeBatch(golden.cases.map(textOf), { special: mode === "special" })
        assert.strictEqual(ids.length, golden.cases.length)
        golden.cases.forEach((expected, i) =>
          equal(
            { tool: "tokenizers", what: `ids, ${mode}`, where: textOf(expected) },
            likeExpected(ids[i], expected[mode]),
            expected[mode]
          )
        )
      }
    })
  )

  it.effect("gives Python's texts back", () =>
    Effect.gen(function* () {
      const tokenizer = yield* loadTokenizer(filesOf(name))
      for (const { decoded, plain } of goldenOf(name).cases) {
        if (decoded === null || "first" in plain) continue
        equal({ tool: "tokenizers", what: "texts of ids" }, yield* tokenizer.decode(plain), decoded)
      }
    })
  )

  it.effect("knows its special tokens", () =>
    Effect.gen(function* () {
      const tokenizer = yield* loadTokenizer(filesOf(name))
      const { bosId, eosId, padId, unkId, vocabularySize } = goldenOf(name)
      assert.deepInclude(tokenizer, { bosId, eosId, padId, unkId, vocabularySize })
      assert.deepInclude(tokenizer, { addsBos: name === "sentencePiece", addsEos: false })
    })
  )
})

describe("loadTokenizer", () => {
  const files = filesOf("byteLevel")

  it.effect("knows no special token without a config", () =>
    Effect.gen(function* () {
      const tokenizer = yield* loadTokenizer({ ...files, config: null })
      assert.deepInclude(tokenizer, { bosId: null, eosId: null, padId: null, unkId: null, addsBos: false })
    })
  )

  it.effect("lets special_tokens_map.json outweigh a config without added_tokens_decoder", () =>
    Effect.gen(function* () {
      const specialTokensMap = JSON.stringify({ eos_token: { content: "<|padding|>", lstrip: false } })
      assert.strictEqual((yield* loadTokenizer({ ...files, specialTokensMap })).eosId, 1)
      const config = JSON.stringify({ eos_token: "<|endoftext|>", added_tokens_decoder: {} })
      assert.strictEqual((yield* loadTokenizer({ ...files, config, specialTokensMap })).eosId, 0)
    })
  )

  it.effect("leaves truncation and padding to the caller", () =>
    Effect.gen(function* () {
      const tokenizer = JSON.stringify({
        ...JSON.parse(files.tokenizer),
        truncation: { direction: "Right", max_length: 2, strategy: "LongestFirst", stride: 0 },
        padding: {
          strategy: { Fixed: 50 },
          direction: "Right",
          pad_to_multiple_of: null,
          pad_id: 1,
          pad_type_id: 0,
          pad_token: "<|padding|>"
        }
      })
      const encode = (files: TokenizerFiles) =>
        loadTokenizer(files).pipe(Effect.flatMap((it) => it.encodeBatch(["abc abc abc"], { special: true })))
      assert.deepStrictEqual(yield* encode({ ...files, tokenizer }), yield* encode(files))
    })
  )

  it.effect("sees an EOS that the post-processor adds", () =>
    Effect.gen(function* () {
      const tokenizer = JSON.stringify({
        ...JSON.parse(files.tokenizer),
        post_processor: {
          type: "TemplateProcessing",
          single: [{ Sequence: { id: "A", type_id: 0 } }, { SpecialToken: { id: "<|padding|>", type_id: 0 } }],
          pair: [],
          special_tokens: { "<|padding|>": { id: "<|padding|>", ids: [1], tokens: ["<|padding|>"] } }
        }
      })
      const config = JSON.stringify({ bos_token: "<|endoftext|>", eos_token: "<|padding|>" })
      assert.deepInclude(yield* loadTokenizer({ ...files, tokenizer, config }), { addsBos: false, addsEos: true })
    })
  )

  it.effect("encodes no texts to no ids", () =>
    Effect.gen(function* () {
      const tokenizer = yield* loadTokenizer(files)
      assert.deepStrictEqual(yield* tokenizer.encodeBatch([], { special: true }), [])
    })
  )

  it.effect("refuses half of a surrogate pair, saying where", () =>
    Effect.gen(function* () {
      const tokenizer = yield* loadTokenizer(files)
      const error = yield* Effect.flip(tokenizer.encodeBatch(["fine 👍", "bad 👍\ud83d end"], { special: false }))
      assert.strictEqual(error._tag, "TextNotUnicode")
      assert.include(error.message, "Text 1 of the batch has half of a surrogate pair at character 6")
    })
  )

  it.effect.each<[string, Partial<TokenizerFiles>, string, RegExp]>([
    ["no JSON", { tokenizer: "weights" }, "NotATokenizer", /tokenizer\.json is not a tokenizer file: it is not JSON/],
    ["another JSON", { tokenizer: '{"vocab_size": 3}' }, "NotATokenizer", /it has no "model"/],
    ["an unknown model", { tokenizer: '{"model": {"type": "Rune"}}' }, "TokenizerUnsupported", /cannot be used/],
    ["a broken config", { config: "{" }, "NotATokenizer", /tokenizer_config\.json is not a tokenizer file/],
    ["a config of wrong types", { config: '{"eos_token": 2}' }, "NotATokenizer", /eos_token/],
    ["a missing token", { config: '{"eos_token": "<end>"}' }, "TokenizerUnsupported", /"<end>" as eos_token/]
  ])("refuses %s", ([, broken, tag, message]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(loadTokenizer({ ...files, ...broken }))
      assert.strictEqual(error._tag, tag)
      assert.match(error.message, message)
    })
  )
})
