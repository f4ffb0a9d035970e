/** Threads change neither ids nor their order; they end with their scope, and the loss of one is a failure. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as fs from "node:fs"
import { availableParallelism } from "node:os"
import { byteLevelEncoder } from "../../src/text/byteLevel.ts"
import { readByteLevel } from "../../src/text/byteLevelVocabulary.ts"
import type { Prompted } from "../../src/text/packedBatch.ts"
import { encodeInThreads, type EncodeMany } from "../../src/text/threads.ts"

const file = new URL("golden/tokenizers/byteLevel.tokenizer.json", import.meta.url)
const byteLevel = readByteLevel(JSON.parse(fs.readFileSync(file, "utf8")))
if (byteLevel === null) throw new Error("not byte-level")
const { vocabulary } = byteLevel

/** Some with an emoji, which is not encoded here. */
const rows: ReadonlyArray<Prompted> = Array.from({ length: 501 }, (_, i) => ({
  prompt: `Question ${i}: ${"tempering metal ".repeat(i % 30)}`,
  response: i % 50 === 7 ? "👍" : `Answer ${i * i} 鍛錬`
}))
const units = rows.reduce((all, { prompt, response }) => all + prompt.length + response.length, 0)
/** More than it takes until threads are started. */
const batches = Math.ceil(2 ** 19 / units) + 1

const encode = byteLevelEncoder(vocabulary)
const expected = rows.map(({ prompt, response }) => encode(prompt + response, prompt.length))

/** Encodes the rows over and over until a thread takes part, by `count` of the texts that are encoded here. */
const untilShared = (encodeMany: EncodeMany, count: () => number) =>
  Effect.gen(function* () {
    for (let i = 0; i < batches; i++) assert.deepStrictEqual(yield* encodeMany(rows), expected)
    for (let before = count(); ; before = count()) {
      const encoded = yield* encodeMany(rows)
      assert.deepStrictEqual(encoded, expected)
      if (count() - before < rows.length) return
      yield* Effect.sleep("10 millis")
    }
  })

const counted = () => {
  let count = 0
  const counting = (text: string, promptLength: number) => {
    count += 1
    return encode(text, promptLength)
  }
  return { counting, count: () => count }
}

describe.skipIf(availableParallelism() < 2)("encodeInThreads", () => {
  it.live("gives in threads what one thread gives, in the order of the texts", () =>
    Effect.gen(function* () {
      const { count, counting } = counted()
      const encodeMany = yield* encodeInThreads(vocabulary, counting)
      yield* untilShared(encodeMany, count)
      assert.deepStrictEqual(yield* encodeMany([]), [])
      assert.deepStrictEqual(yield* encodeMany(rows.slice(0, 1)), expected.slice(0, 1))
      const both = yield* Effect.all([encodeMany(rows), encodeMany(rows.toReversed())], { concurrency: "unbounded" })
      assert.deepStrictEqual(both, [expected, expected.toReversed()])
    }).pipe(Effect.scoped)
  )

  it("starts none where there is no scope to end them", async () => {
    const { count, counting } = counted()
    const encodeMany = await Effect.runPromise(encodeInThreads(vocabulary, counting))
    for (let i = 0; i < batches; i++) await Effect.runPromise(encodeMany(rows))
    await Effect.runPromise(Effect.sleep("500 millis"))
    await Effect.runPromise(encodeMany(rows))
    assert.strictEqual(count(), (batches + 1) * rows.length)
  })

  it.live("ends them with the scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { count, counting } = counted()
      const encodeMany = yield* Scope.provide(encodeInThreads(vocabulary, counting), scope)
      yield* untilShared(encodeMany, count)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(encodeMany(rows)))._tag, "ThreadLost")
    })
  )

  it.live("fails when one is lost", () =>
    Effect.gen(function* () {
      // A thread cannot make an encoder of this; here there is one already.
      const broken = { ...vocabulary, merges: null as never }
      const encodeMany = yield* encodeInThreads(broken, encode)
      const failure = yield* Effect.forever(Effect.andThen(encodeMany(rows), Effect.sleep("1 millis"))).pipe(
        Effect.flip
      )
      assert.strictEqual(failure._tag, "ThreadLost")
      assert.match(failure.message, /A thread that tokenizes was lost: .+ Free memory, then run again\./)
    }).pipe(Effect.scoped)
  )
})
