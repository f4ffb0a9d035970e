/** Which functions a config may hold, and the text that stands for each. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { closedText } from "../../src/engine/code/closedText.ts"

/** A function of exactly this text, whatever the test runner does to the text of this file. */
const written = (text: string): Function => new Function(`return (${text})`)()

const method = (text: string, name: string): Function => new Function(`return ({ ${text} }).${name}`)()

const same = (name: string, one: string, two: string) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* closedText(written(one)), yield* closedText(written(two)))
    })
  )

describe("the text", () => {
  same(
    "is blind to comments, layout and quotes",
    `(row) => !/翻訳|translate/i.test(row.instruction + "a")`,
    "row =>\n  /* no translation */ (!/翻訳|translate/i.test(row.instruction + 'a'))"
  )
  same("is blind to how a number is written", "(x) => x > 1_000", "x => x > 1e3")
  it.effect("tells functions apart", () =>
    Effect.gen(function* () {
      assert.notStrictEqual(yield* closedText(written("(x) => x > 1")), yield* closedText(written("(x) => x > 2")))
    })
  )
})

describe("closed", () => {
  const accepted: ReadonlyArray<string> = [
    "(row) => row.text.length > 0 && Math.max(row.a, 1) < Number(row.b)",
    "async ({ a, ...rest }, [b = a] = []) => { for (const c of Object.values(rest)) if (c) return a; return b }",
    "function again(n) { return n === 0 ? arguments.length : again(n - 1) }",
    "(rows) => rows.map((row) => { try { return JSON.parse(row) } catch (error) { return String(error) } })",
    "(x) => { function help(y) { var z = y; return z }; class Pair { left = x }; return help(new Pair()) }",
    "(x) => { outer: for (let i = 0; i < x; i++) { if (i) break outer } switch (x) { case 1: let y = 2; return y } }",
    "(x) => new Date(x).getTime() + Date.UTC(2020)",
    "(row) => ({ process: row.process, Math: Math.PI })",
    "(process) => process.env"
  ]
  for (const text of accepted) it.effect(text, () => closedText(written(text)))
  it.effect("a method", () => closedText(method("keep(row) { return row.a }", "keep")))
})

describe("not closed", () => {
  const refused: ReadonlyArray<readonly [string, string]> = [
    ["(row) => row.length > limit", `"limit", which it does not declare`],
    ["(row) => { if (row) { const limit = 1 } return row > limit }", `"limit"`],
    ["(row) => { { let a = 1 } return () => a }", `"a"`],
    ["() => Math.random()", "Math.random"],
    ["() => { const { random } = Math; return random() }", "Math as a whole"],
    ["() => Date.now()", "the clock"],
    ["() => new Date()", "the clock"],
    ["() => performance.now()", "the clock"],
    ["() => crypto.randomUUID()", "chance"],
    ["() => process.env.HOME", `"process"`],
    ["() => globalThis.x", `"globalThis"`],
    ["async () => fetch('http://x')", "the network"],
    ["(x) => console.log(x)", "the terminal"],
    ["(x) => eval(x)", "code that is not in it"],
    ["(a, b) => a.localeCompare(b)", "language or time zone"],
    ["function () { return this.limit }", "this"],
    ["(x) => import(x)", "imports"],
    ["class {}", "a class"]
  ]
  for (const [text, expected] of refused) {
    it.effect(text, () =>
      Effect.gen(function* () {
        assert.include((yield* Effect.flip(closedText(written(text)))).message, expected)
      })
    )
  }
  it.effect("a built-in or bound function", () =>
    Effect.gen(function* () {
      assert.include((yield* Effect.flip(closedText(Math.max))).message, "has no text")
      assert.include((yield* Effect.flip(closedText(written("(x) => x").bind(null)))).message, "has no text")
    })
  )
  it.effect("every problem is named at once", () =>
    Effect.gen(function* () {
      const { problems } = yield* Effect.flip(closedText(written("(x) => first(x) + second(x) + Math.random()")))
      assert.strictEqual(problems.length, 3)
    })
  )
})
