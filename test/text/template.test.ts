/** Templates: what they ask of a row, what they render, how they are written into a config. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { TemplateMalformed } from "../../src/text/Errors.ts"
import { render, Template, template } from "../../src/text/template.ts"

type Same<A, B> = [A, B] extends [B, A] ? true : false

describe("template", () => {
  it("fills columns in", () => {
    assert.strictEqual(render(template("{a} and {b}, {a}"), { a: "1", b: "{b}" }), "1 and {b}, 1")
    assert.strictEqual(render(template(""), {}), "")
    assert.strictEqual(render(template("no gap"), {}), "no gap")
    assert.strictEqual(render(template("{質問}\n"), { 質問: "$&" }), "$&\n")
  })

  it("takes doubled braces literally", () => {
    assert.strictEqual(render(template('{{"q": "{q}"}}'), { q: "x" }), '{"q": "x"}')
    assert.strictEqual(render(template("{{{a}}}{{}}"), { a: "x" }), "{x}{}")
  })

  it("has its columns in its type", () => {
    const both = template("{{no}} {a}{b}}} {{{a}")
    true satisfies Same<typeof both, Template<"a" | "b">>
    false satisfies Same<Template<"a">, Template<"a" | "b">>
    const none = template("{{a}}")
    true satisfies Same<typeof none, Template<never>>
    // @ts-expect-error: the row lacks the column "b"
    assert.strictEqual(render(both, { a: "1" }), "{no} 1undefined} {1")
    // @ts-expect-error: a column must be text
    render(template("{n}"), { n: 1 })
    // @ts-expect-error: a text put together at run time hides its columns
    template("{a}" + "{b}")
    assert.deepStrictEqual(both.columns, ["a", "b", "a"])
  })

  it.each(["{", "}", "a {b", "a} b", "{}", "{a{b}", "{{a}"])("refuses %j", (source) => {
    assert.throws(() => Schema.decodeSync(Template)(source), /with no partner or no name at character \d/)
    assert.throws(() => template<"{">(source as "{"), TemplateMalformed, /with no partner or no name at character \d/)
  })

  it.effect.prop("survives its encoding", { source: Schema.String }, ({ source }) =>
    Effect.gen(function* () {
      const written = source.replace(/[{}]/g, "$&$&") + "{a}{{{b}"
      const value = yield* Schema.decodeUnknownEffect(Template)(written)
      assert.strictEqual(yield* Schema.encodeEffect(Template)(value), written)
      assert.strictEqual(render(value, { a: "1", b: "2" }), `${source}1{2`)
    })
  )

  it.effect("says in a config what is wrong with it", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Schema.decodeUnknownEffect(Template)("{a} {"))
      assert.include(error.message, 'The template has a "{" with no partner or no name at character 4')
    })
  )
})
