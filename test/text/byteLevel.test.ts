/** Byte-level BPE gives the library's very ids, or hands a text back: whatever is in it. */
import { Tokenizer as Library } from "@anush008/tokenizers"
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import { byteLevelEncoder } from "../../src/text/byteLevel.ts"
import { readByteLevel } from "../../src/text/byteLevelVocabulary.ts"
import { kind, kindsOfUnits } from "../../src/text/characters.ts"
import { PythonRandom } from "../../src/text/pythonRandom.ts"

const jsonAt = (path: string): { readonly [key: string]: unknown } =>
  JSON.parse(fs.readFileSync(new URL(path, import.meta.url), "utf8"))

const plain = jsonAt("golden/tokenizers/byteLevel.tokenizer.json")
const pieces = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true }
const withDigits = (individual: boolean) => ({
  ...plain,
  pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "Digits", individual_digits: individual }, pieces] }
})
const tokenizers = {
  "numbers joined": plain,
  "numbers apart": withDigits(false),
  "digit by digit": withDigits(true),
  "another vocabulary": jsonAt("../../pipelines/quickstart/base/tokenizer.json")
}

const encoderOf = (json: unknown) => {
  const read = readByteLevel(json)
  assert(read !== null)
  return byteLevelEncoder(read.vocabulary)
}

const libraryIds = async (json: unknown, texts: ReadonlyArray<string>): Promise<ReadonlyArray<ReadonlyArray<number>>> =>
  (await Library.fromString(JSON.stringify(json)).encodeBatch([...texts])).map((encoding) => encoding.getIds())

const coveredCharacters = Array.from(kindsOfUnits()).flatMap((found, unit) =>
  found === kind.uncovered ? [] : [String.fromCharCode(unit)]
)

/** What the cutting of texts turns on, and what merges. */
const fragments = [
  " ",
  "\n",
  "\t",
  "\u3000",
  "\u00a0",
  "'",
  "a",
  "1",
  "２",
  "二",
  "あ",
  "ア",
  "。",
  "、",
  "#",
  ":",
  "Ġ",
  "  ",
  " a",
  "12",
  "'s",
  "'re",
  "'l",
  " '",
  "don't",
  "東京",
  "### 返答:\n",
  "\r\n",
  "の首都は",
  "。\n\n"
]

const difficultTexts = (count: number): ReadonlyArray<string> => {
  const random = new PythonRandom(7)
  return Array.from({ length: count }, () =>
    Array.from({ length: random.below(20) }, () => fragments[random.below(fragments.length)]).join("")
  )
}

describe.each(Object.entries(tokenizers))("byteLevelEncoder, %s", (_, json) => {
  const encode = encoderOf(json)

  it("gives the library's ids for a text, and as many for its beginning as if it were alone", async () => {
    const texts = difficultTexts(1_500)
    const random = new PythonRandom(8)
    const lengths = texts.map((text) => random.below(text.length + 1))
    const expected = await libraryIds(json, texts)
    const prompts = await libraryIds(
      json,
      texts.map((text, i) => text.slice(0, lengths[i]))
    )
    texts.forEach((text, i) => {
      const encoded = encode(text, lengths[i] ?? 0)
      assert.deepStrictEqual(Array.from(encoded?.ids ?? []), expected[i], JSON.stringify(text))
      assert.strictEqual(encoded?.promptTokens, prompts[i]?.length, JSON.stringify([text, lengths[i]]))
    })
  })

  it("gives the library's ids for pieces of any length", async () => {
    const short = Array.from({ length: 150 }, (_, length) => "東京の首都は".repeat(25).slice(0, length + 1))
    const texts = [...short, ...[1_000, 20_000].map((length) => "東京の首都は".repeat(length))]
    const expected = await libraryIds(json, texts)
    texts.forEach((text, i) => assert.deepStrictEqual(Array.from(encode(text, 0)?.ids ?? []), expected[i]))
  })

  it("hands back what it does not cover", () => {
    for (const text of ["a<|endoftext|>", "か\u3099", "👍", "ไทย", "\u212b", "a\u0301"]) {
      assert.isNull(encode(text, 0), text)
      assert.isNull(encode(`東京 ${text}`, 2), text)
    }
  })
})

it("byteLevelEncoder gives the library's ids for every covered character, wherever it stands", async () => {
  const encode = encoderOf(plain)
  const texts = coveredCharacters.map(
    (character) => `a${character}b ${character}1${character}${character}  ${character}`
  )
  const expected = await libraryIds(plain, texts)
  texts.forEach((text, i) => assert.deepStrictEqual(Array.from(encode(text, 0)?.ids ?? []), expected[i], text))
})

/** The bytes that vocabularies write as letters from U+0100 on, in their order. */
const hiddenBytes = Array.from({ length: 0x100 }, (_, byte) => byte).filter(
  (byte) => byte < 0x21 || (byte > 0x7e && byte < 0xa1) || byte === 0xad
)
const letterOf = (byte: number): string => {
  const hidden = hiddenBytes.indexOf(byte)
  return String.fromCharCode(hidden < 0 ? byte : 0x100 + hidden)
}

/** A vocabulary of merges by chance, within and across characters, in an order of chance. */
const byChance = (random: PythonRandom, characters: ReadonlyArray<string>) => {
  const parts = [...new Set(characters.flatMap((character) => Array.from(Buffer.from(character), letterOf)))]
  const known = new Set(Array.from({ length: 0x100 }, (_, byte) => letterOf(byte)))
  const merges: Array<readonly [string, string]> = []
  for (let tries = 0; tries < 300 && merges.length < 60; tries++) {
    const [left = "", right = ""] = [0, 1].map(() => parts[random.below(parts.length)])
    if (known.has(left + right) || (left + right).length > 7) continue
    known.add(left + right)
    parts.push(left + right)
    merges.push([left, right])
  }
  const vocab = Object.fromEntries([...known].map((token, id) => [token, id]))
  return { ...plain, added_tokens: [], model: { ...(plain["model"] as object), vocab, merges } }
}

it("byteLevelEncoder gives the library's ids whatever merges there are, in whatever order", async () => {
  const random = new PythonRandom(9)
  const characters = ["は", "の", "ば", "原", "厡", "é", "ã", "a"]
  for (let vocabulary = 0; vocabulary < 150; vocabulary++) {
    const json = byChance(random, characters)
    const texts = Array.from({ length: 40 }, () =>
      Array.from({ length: 1 + random.below(12) }, () => characters[random.below(characters.length)]).join("")
    )
    const expected = await libraryIds(json, texts)
    const encode = encoderOf(json)
    texts.forEach((text, i) => assert.deepStrictEqual(Array.from(encode(text, 0)?.ids ?? []), expected[i], text))
  }
})

describe("byteLevelVocabulary", () => {
  const model = jsonAt("golden/tokenizers/byteLevel.tokenizer.json")["model"] as { readonly [key: string]: unknown }

  it.each<[string, unknown]>([
    ["SentencePiece", jsonAt("golden/tokenizers/sentencePiece.tokenizer.json")],
    ["another normalizer", { ...plain, normalizer: { type: "NFKC" } }],
    ["a space put before the text", { ...plain, pre_tokenizer: { ...pieces, add_prefix_space: true } }],
    ["tokens around the text", { ...plain, post_processor: { type: "TemplateProcessing", single: [] } }],
    ["dropout", { ...plain, model: { ...model, dropout: 0.1 } }],
    ["words that are looked up whole", { ...plain, model: { ...model, ignore_merges: true } }],
    ["a vocabulary without all bytes", { ...plain, model: { ...model, vocab: { a: 0 }, merges: [] } }],
    ["a merge of unknown tokens", { ...plain, model: { ...model, merges: ["? !?"] } }]
  ])("leaves %s to the library", (_, json) => assert.isNull(readByteLevel(json)))

  it("reads merges in both spellings", () => {
    const merges = model["merges"] as ReadonlyArray<string | ReadonlyArray<string>>
    const spelled = (spell: (pair: ReadonlyArray<string>) => unknown) =>
      readByteLevel({
        ...plain,
        model: { ...model, merges: merges.map((each) => spell(typeof each === "string" ? each.split(" ") : each)) }
      })
    assert.deepStrictEqual(
      spelled((pair) => pair),
      spelled((pair) => pair.join(" "))
    )
    assert.isAbove(spelled((pair) => pair)?.vocabulary.merges.merged.length ?? 0, 0)
  })
})
