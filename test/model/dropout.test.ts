/** Dropout drops as often as it says, scales what is left, and follows tokens wherever they are. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { input } from "../../src/graph/build.ts"
import { serialize } from "../../src/graph/serialize.ts"
import { dropout, dropoutKey } from "../../src/model/dropout.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { Runtime } from "./support.ts"

const tokens = 400
const features = 100

/** What becomes of ones: [tokens][features]. */
const dropped = Effect.fn("dropped")(function* (name: string, rate: number, keys: ReadonlyArray<number>) {
  const y = dropout(input("x", "float32", ["tokens", features]), {
    rate,
    layer: name,
    keys: input("keys", "uint32", ["tokens"])
  })
  const runtime = yield* OnnxRuntime
  const process = yield* runtime.acquire
  const session = yield* process.open(serialize({ name: "dropout", outputs: { y } }))
  const result = yield* session.run({
    feeds: {
      x: { element: "float32", shape: [keys.length, features], data: new Float32Array(keys.length * features).fill(1) },
      keys: { element: "uint32", shape: [keys.length], data: Uint32Array.from(keys) }
    },
    fetch: ["y"]
  })
  const values = Array.from(result["y"]?.data ?? [], Number)
  return keys.map((_, token) => values.slice(token * features, (token + 1) * features))
})

const keysOf = (seed: number, step: number) =>
  Array.from({ length: tokens }, (_, at) => dropoutKey(seed, step, Math.floor(at / 50), at % 50))
const share = (rows: ReadonlyArray<ReadonlyArray<number>>) =>
  rows.flat().filter((value) => value === 0).length / rows.flat().length
/** How often two masks drop the same element. */
const both = (a: ReadonlyArray<ReadonlyArray<number>>, b: ReadonlyArray<ReadonlyArray<number>>) =>
  share(a.map((row, token) => row.map((value, feature) => value + (b[token]?.[feature] ?? 1))))

layer(Runtime)("dropout", (it) => {
  it.effect("has its rate in every token and feature, and keeps the mean", () =>
    Effect.gen(function* () {
      for (const rate of [0.05, 0.5]) {
        const rows = yield* dropped("first", rate, keysOf(1, 0))
        assert.closeTo(share(rows), rate, 0.01)
        const kept = rows.flat().filter((value) => value !== 0)
        assert.isTrue(kept.every((value) => value === Math.fround(1 / (1 - rate))))
        const perFeature = Array.from({ length: features }, (_, feature) =>
          share(rows.map((row) => [row[feature] ?? 1]))
        )
        for (const rateOfFeature of perFeature) assert.closeTo(rateOfFeature, rate, 0.12)
      }
    })
  )

  it.effect("is independent between layers, steps and seeds", () =>
    Effect.gen(function* () {
      const mask = yield* dropped("first", 0.3, keysOf(1, 0))
      for (const other of [
        ["second", 1, 0],
        ["first", 1, 1],
        ["first", 2, 0]
      ] as const) {
        const [name, seed, step] = other
        assert.closeTo(both(mask, yield* dropped(name, 0.3, keysOf(seed, step))), 0.09, 0.01)
      }
      assert.closeTo(both(mask, [...mask.slice(1), mask[0] ?? []]), 0.09, 0.01)
    })
  )

  it.effect("is independent between features", () =>
    Effect.gen(function* () {
      const mask = yield* dropped("first", 0.3, keysOf(1, 0))
      for (const distance of [1, 2, 50]) {
        const moved = mask.map((row) => [...row.slice(distance), ...row.slice(0, distance)])
        assert.closeTo(both(mask, moved), 0.09, 0.01)
      }
    })
  )

  it.effect("follows a token into another batch", () =>
    Effect.gen(function* () {
      const mask = yield* dropped("first", 0.3, keysOf(1, 0))
      assert.deepStrictEqual(yield* dropped("first", 0.3, keysOf(1, 0).slice(100, 150)), mask.slice(100, 150))
    })
  )

  it.effect("does nothing at rate 0", () =>
    Effect.sync(() => {
      const x = input("x", "float32", ["tokens", features])
      assert.strictEqual(dropout(x, { rate: 0, layer: "first", keys: input("keys", "uint32", ["tokens"]) }), x)
    })
  )
})
