/** Choices are read out of answers as the rules say, whatever stands around them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { matchChoice, type MatchRule } from "../../stages/matchRules.ts"

const sentiments = ["positive", "negative"]
const find = (answer: string, choices: ReadonlyArray<string>, ...rules: ReadonlyArray<MatchRule>) =>
  matchChoice(answer, choices, { rules, comparison: "as written" })

const all: ReadonlyArray<MatchRule> = ["exact", "startsWith", "contains", "firstMention"]

/** Text in which no choice can be hidden. */
const Noise = Schema.Array(Schema.Literals(["x", "。", "\n", " ", "肯", "9"])).pipe(
  Schema.check(Schema.isMaxLength(12))
)
const Position = Schema.Literals([0, 1])
const text = (index: 0 | 1): string => sentiments[index] ?? ""

describe("matchChoice", () => {
  it.effect.prop("finds a choice alone by every rule, spaces aside", { index: Position }, ({ index }) =>
    Effect.sync(() => {
      for (const rule of all) assert.strictEqual(find(`\n　${text(index)} `, sentiments, rule), index)
    })
  )

  it.effect.prop("finds nothing where nothing is", { noise: Noise }, ({ noise }) =>
    Effect.sync(() => {
      for (const rule of all) assert.isNull(find(noise.join(""), sentiments, rule))
    })
  )

  it.effect.prop(
    "takes the first mention, and a mention only where it is the only one",
    {
      before: Noise,
      between: Noise,
      first: Position,
      second: Position
    },
    ({ before, between, first, second }) =>
      Effect.sync(() => {
        const answer = `${before.join("")}${text(first)}${between.join("")}${text(second)}`
        assert.strictEqual(find(answer, sentiments, "firstMention"), first)
        assert.strictEqual(find(answer, sentiments, "contains"), first === second ? first : null)
        assert.strictEqual(find(answer, sentiments, "startsWith"), before.join("").trim() === "" ? first : null)
        assert.isNull(find(answer, sentiments, "exact"))
      })
  )

  it.effect.prop(
    "finds by the first rule that finds, and by more rules never less",
    {
      before: Noise,
      index: Position,
      rules: Schema.NonEmptyArray(Schema.Literals(all))
    },
    ({ before, index, rules }) =>
      Effect.sync(() => {
        const answer = before.join("") + text(index)
        const found = rules.map((rule) => find(answer, sentiments, rule))
        assert.strictEqual(find(answer, sentiments, ...rules), found.find((one) => one !== null) ?? null)
      })
  )

  it("prefers the longer of two choices that begin at one place", () => {
    const choices = ["contra", "contradiction", "no"]
    assert.strictEqual(find("contradiction.", choices, "startsWith"), 1)
    assert.strictEqual(find("it is contradiction, no?", choices, "firstMention"), 1)
    assert.strictEqual(find("it is contradiction", choices, "contains"), 1)
    assert.strictEqual(find("contra", choices, "contains"), 0)
    assert.isNull(find("contra, not contradiction", choices, "contains"))
  })

  it("looks past width and case when told so", () => {
    const folded = (answer: string, choices: ReadonlyArray<string>) =>
      matchChoice(answer, choices, { rules: ["exact"], comparison: "any width and case" })
    assert.strictEqual(folded(" ＰＯＳＩＴＩＶＥ\n", sentiments), 0)
    assert.isNull(find("Positive", sentiments, "exact"))
    assert.strictEqual(folded("ﾈｶﾞﾃｨﾌﾞ", ["ポジティブ", "ネガティブ"]), 1)
  })

  it("finds no empty choice, nor anything without a rule", () => {
    assert.isNull(find("", ["", " "], ...all))
    assert.strictEqual(find("b", ["", "b"], ...all), 1)
    assert.isNull(find("positive", sentiments))
  })
})
