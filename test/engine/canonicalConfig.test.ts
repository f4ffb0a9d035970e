/** Configs of one meaning have one text, and every problem of a config is told at once. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { canonicalConfig, jsonOf } from "../../src/engine/config/canonicalConfig.ts"
import { differences } from "../../src/engine/config/differences.ts"
import { canonicalText } from "../../src/engine/config/JsonValue.ts"
import { plainJson } from "../../src/engine/config/plainJson.ts"
import { ClosedFunction, RowSchema } from "../../src/pipeline/ConfigValue.ts"

const Config = Schema.Struct({
  rank: Schema.Int,
  alpha: Schema.Finite.pipe(Schema.withConstructorDefault(Effect.succeed(16))),
  targets: Schema.optional(Schema.Array(Schema.String)),
  keep: Schema.optional(ClosedFunction<(row: { readonly a: number }) => boolean>()),
  row: Schema.optional(RowSchema)
})

const Decoded = Schema.Struct({
  rank: Schema.Int,
  alpha: Schema.Finite.pipe(Schema.withDecodingDefaultKey(Effect.succeed(16)))
})

const canonical = (config: unknown, schema: Schema.Codec<unknown, unknown> = Config) =>
  canonicalConfig(schema, config, () => Effect.succeed("a row"))

const written = (text: string): unknown => new Function(`return (${text})`)()

describe("one text", () => {
  const same = (name: string, one: unknown, two: unknown, schema: Schema.Codec<unknown, unknown> = Config) =>
    it.effect(name, () =>
      Effect.gen(function* () {
        const before = yield* canonical(one, schema)
        const after = yield* canonical(two, schema)
        assert.strictEqual(before.text, after.text)
        assert.deepStrictEqual(before.json, after.json)
      })
    )
  same("a default of construction, written out or left out", { rank: 4, alpha: 16 }, { rank: 4 })
  same("a default of decoding, written out or left out", { rank: 4, alpha: 16 }, { rank: 4 }, Decoded)
  same("the order of keys", { rank: 4, alpha: 1 }, { alpha: 1, rank: 4 })
  same("undefined and absent", { rank: 4, targets: undefined }, { rank: 4 })
  same(
    "a function laid out otherwise",
    { rank: 4, keep: written("(row) => row.a > 1") },
    {
      rank: 4,
      keep: written("row =>\n  row.a > 1 /* above one */")
    }
  )
  it.effect("holds defaults, functions and schemas", () =>
    Effect.gen(function* () {
      const row = Schema.Struct({ a: Schema.String })
      const { text, value } = yield* canonical({ rank: 4, keep: written("(row) => row.a > 1"), row })
      assert.strictEqual(text, `{"alpha":16,"keep":{"$function":"row=>row.a>1"},"rank":4,"row":{"$schema":"a row"}}`)
      assert.include(value, { alpha: 16, rank: 4, row })
    })
  )
  it.effect("encodes what has another form in JSON", () =>
    Effect.gen(function* () {
      const schema = Schema.Struct({ count: Schema.NumberFromString })
      assert.strictEqual((yield* canonical({ count: 7 }, schema)).text, `{"count":"7"}`)
    })
  )
  it("has sorted keys and the shortest numbers", () => {
    assert.strictEqual(
      canonicalText({ b: [1.0, 1e21, 0.1], a: { d: null, c: "é\n" }, Z: true }),
      `{"Z":true,"a":{"c":"é\\n","d":null},"b":[1,1e+21,0.1]}`
    )
  })
})

/** A pseudo-random value of any kind that a config may hold, by a seed. */
const anyValue = (seed: number): unknown => {
  let state = seed
  const below = (count: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
  const plain = [null, true, "text", "", 0, 1.5, -1e300, Object.create(null), [], {}, "__proto__"]
  const other = [undefined, -0, NaN, Infinity, 1n, new Date(0), Symbol.iterator, Schema.String, new Map(), Math.max]
  const leaf = (): unknown => {
    const leaves: ReadonlyArray<unknown> = below(20) === 0 ? other : plain
    return leaves[below(leaves.length)]
  }
  const value = (depth: number): unknown => {
    const kind = depth === 0 ? 0 : below(3)
    if (kind === 0) return leaf()
    const parts = Array.from({ length: below(4) }, () => value(depth - 1))
    return kind === 1 ? parts : Object.fromEntries(parts.map((part, index) => [["b", "a", "__proto__"][index], part]))
  }
  return value(3)
}

it.effect("the short way gives what the long way gives, for whatever it takes", () =>
  Effect.gen(function* () {
    const taken = { yes: 0, no: 0 }
    for (let seed = 0; seed < 2_000; seed++) {
      const value = anyValue(seed)
      const short = plainJson(value)
      const long = yield* Effect.result(jsonOf(value, () => Effect.succeed("a row")))
      if (short === null) taken.no++
      else {
        assert.isTrue(Result.isSuccess(long))
        assert.deepStrictEqual(short, Result.getOrThrow(long))
        taken.yes++
      }
    }
    assert.isAbove(taken.yes, 500)
    assert.isAbove(taken.no, 200)
  })
)

describe("problems", () => {
  const Loose = Schema.Struct({ any: Schema.Unknown })
  it.effect("each with its path, in one paragraph", () =>
    Effect.gen(function* () {
      const { message, problems } = yield* Effect.flip(canonical({ rank: 1.5, alpha: "x", targets: ["a", 2], rnak: 3 }))
      assert.deepStrictEqual(problems.map(({ path }) => path).sort(), ["alpha", "rank", "rnak", "targets[1]"])
      assert.notInclude(message, "\n")
      assert.include(message, `4 problems`)
    })
  )
  it.effect("a name that the schema does not have, and nothing else", () =>
    Effect.gen(function* () {
      const { problems } = yield* Effect.flip(canonical({ rank: 1, alpha: 2, rnak: 3 }))
      assert.deepStrictEqual(
        problems.map(({ path }) => path),
        ["rnak"]
      )
    })
  )
  const refused: ReadonlyArray<readonly [string, unknown, string]> = [
    ["NaN", NaN, "NaN"],
    ["negative zero", [1, -0], "any[1]"],
    ["a bigint", 1n, "bigint"],
    ["a date", { on: new Date(0) }, "any.on"],
    ["a function that is not closed", { deep: [written("(x) => x > limit")] }, `"any.deep[0]": The function`],
    ["a built-in function", Math.max, "has no text"]
  ]
  for (const [name, value, expected] of refused) {
    it.effect(name, () =>
      Effect.gen(function* () {
        assert.include((yield* Effect.flip(canonical({ any: value }, Loose))).message, expected)
      })
    )
  }
  it.effect("a row schema that cannot be described", () =>
    Effect.gen(function* () {
      const describe = () => Effect.fail({ message: "no columns" })
      const failing = canonicalConfig(Config, { rank: 1, row: Schema.String }, describe)
      assert.include((yield* Effect.flip(failing)).message, `"row": no columns`)
    })
  )
})

describe("differences", () => {
  it("are the smallest values that differ", () => {
    assert.deepStrictEqual(
      differences(
        { a: 1, b: { c: [1, 2], d: "x" }, e: true, g: null },
        { a: 1, b: { c: [1, 3, 4], d: "y" }, f: 0, g: {} }
      ),
      [
        { path: "b.c[1]", before: 2, after: 3 },
        { path: "b.c[2]", before: undefined, after: 4 },
        { path: "b.d", before: "x", after: "y" },
        { path: "e", before: true, after: undefined },
        { path: "f", before: undefined, after: 0 },
        { path: "g", before: null, after: {} }
      ]
    )
  })
  it("are none between equals", () => {
    assert.deepStrictEqual(differences({ a: [{ b: 1 }] }, { a: [{ b: 1 }] }), [])
  })
})
