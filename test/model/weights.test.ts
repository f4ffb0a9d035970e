/** Weight files are found and checked; a damaged one says what is wrong with it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { openModel } from "../../src/model/Model.ts"
import { readSafetensors, writeSafetensors } from "../../src/model/weights/safetensors.ts"
import { checkWeights, readWeights } from "../../src/model/weights/Weights.ts"
import { goldenFolder, memoryReader } from "./support.ts"

const tensors = new Map([
  ["b", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["a", { shape: [2], data: Float32Array.of(7, 8) }]
])
const file = "model.safetensors"

/** A file with this header and so many bytes of data. */
const fileOf = (header: unknown, bytes: number): Uint8Array => {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header))
  const content = new Uint8Array(8 + json.length + bytes)
  new DataView(content.buffer).setBigUint64(0, BigInt(json.length), true)
  content.set(json, 8)
  return content
}

const refusal = (content: Uint8Array) =>
  Effect.map(Effect.flip(readSafetensors(memoryReader({ [file]: content }), file)), ({ message }) => message)

describe("safetensors", () => {
  it.effect("come back as they were written, in one order of names", () =>
    Effect.gen(function* () {
      const content = writeSafetensors(tensors, { format: "pt" })
      assert.deepStrictEqual(writeSafetensors(new Map([...tensors].toReversed()), { format: "pt" }), content)
      const stored = yield* readSafetensors(memoryReader({ [file]: content }), file)
      assert.sameMembers([...stored.keys()], ["a", "b"])
      for (const [name, { data, shape }] of tensors) {
        const found = stored.get(name)
        assert.deepStrictEqual(found?.shape, shape)
        const bytes = content.slice(found?.offset, (found?.offset ?? 0) + (found?.length ?? 0))
        assert.deepStrictEqual(new Float32Array(bytes.buffer), data)
        assert.strictEqual((found?.offset ?? 1) % 4, 0)
      }
    })
  )

  it.effect("are refused when cut off, overlapping, oversized or of the wrong length", () =>
    Effect.gen(function* () {
      const whole = writeSafetensors(tensors, {})
      assert.match(yield* refusal(whole.slice(0, 4)), /4 bytes/)
      assert.match(yield* refusal(whole.slice(0, -4)), /cut off/)
      assert.match(yield* refusal(fileOf("nonsense", 0)), /not JSON/)
      const huge = fileOf({}, 0)
      new DataView(huge.buffer).setBigUint64(0, 2n ** 60n, true)
      assert.match(yield* refusal(huge), /header claims/)
      const entry = (begin: number, end: number, shape = [2]) => ({ dtype: "F32", shape, data_offsets: [begin, end] })
      assert.match(yield* refusal(fileOf({ a: entry(0, 8), b: entry(4, 12) }, 16)), /a and b overlap/)
      assert.match(yield* refusal(fileOf({ a: entry(0, 8, [3]) }, 16)), /needs 12 bytes and has 8/)
      assert.match(yield* refusal(fileOf({ a: { dtype: "F32" } }, 16)), /"a" is malformed/)
    })
  )
})

describe("the weights of a folder", () => {
  it.effect("are found in all the files that an index names", () =>
    Effect.gen(function* () {
      const weights = yield* readWeights(goldenFolder("sequential"))
      assert.strictEqual(new Set([...weights.values()].map(({ path }) => path)).size, 3)
      assert.strictEqual(weights.get("gpt_neox.embed_in.weight")?.element, "bfloat16")
    })
  )

  it.effect("are missed by name: a file of the index, a tensor, a shape", () =>
    Effect.gen(function* () {
      const message = <A, E extends { readonly message: string }>(effect: Effect.Effect<A, E>) =>
        Effect.map(Effect.flip(effect), (failure) => failure.message)
      const index = new TextEncoder().encode(JSON.stringify({ weight_map: { a: "gone.safetensors" } }))
      assert.match(
        yield* message(readWeights(memoryReader({ "model.safetensors.index.json": index }))),
        /gone\.safetensors/
      )
      assert.match(
        yield* message(readWeights(memoryReader({ "weights.h5": new Uint8Array(9) }))),
        /none of.*it has weights\.h5/s
      )
      const weights = yield* readWeights(memoryReader({ [file]: writeSafetensors(tensors, {}) }))
      assert.match(yield* message(checkWeights(weights, new Map([["c", [1]]]))), /"c".*missing/s)
      assert.match(yield* message(checkWeights(weights, new Map([["a", [3]]]))), /shape \[2\].*implies \[3\]/s)
      assert.match(
        yield* message(
          openModel({ base: memoryReader({ "config.json": new TextEncoder().encode("{") }), adapters: [] })
        ),
        /not JSON/
      )
    })
  )
})
