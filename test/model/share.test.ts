/** Shared work: who does what and in which order results come depends on no worker's speed. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { share } from "../../src/model/share.ts"

const items = Array.from({ length: 10 }, (_, item) => item)

/** Shares the items among workers that need these times for them, in seconds; gives what happened. */
const happenings = Effect.fn("happenings")(function* (
  workers: readonly [string, ...ReadonlyArray<string>],
  seconds: (worker: string, item: number) => number
) {
  const done: Array<string> = []
  const taken: Array<number> = []
  let atHand = 0
  let most = 0
  const sharing = share(
    workers,
    items,
    (worker, item) =>
      Effect.sync(() => {
        done.push(`${worker}${item}`)
        most = Math.max(most, ++atHand)
        return item
      }).pipe(Effect.delay(`${seconds(worker, item)} seconds`)),
    (item) => {
      atHand--
      taken.push(item)
    }
  )
  const fiber = yield* Effect.forkChild(sharing)
  yield* TestClock.adjust("1 hour")
  yield* Fiber.join(fiber)
  return { done, taken, most }
})

describe("shared work", () => {
  it.effect("gives item i to worker i mod n, and its results in the order of the items", () =>
    Effect.gen(function* () {
      for (const slow of ["a", "b", "c"]) {
        const { done, most, taken } = yield* happenings(["a", "b", "c"], (worker) => (worker === slow ? 7 : 1))
        assert.deepStrictEqual(taken, items)
        assert.deepStrictEqual(done.toSorted(), ["a0", "a3", "a6", "a9", "b1", "b4", "b7", "c2", "c5", "c8"])
        assert.isAtMost(most, 3)
      }
      const backwards = yield* happenings(["a", "b", "c"], (_, item) => 30 - 3 * item)
      assert.deepStrictEqual(backwards.done.slice(0, 3), ["c2", "b1", "a0"])
      assert.deepStrictEqual(backwards.taken, items)
    })
  )

  it.effect("is side by side", () =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(
        share(
          ["a", "b"],
          items,
          () => Effect.sleep("1 second"),
          () => {}
        )
      )
      yield* TestClock.adjust("5 seconds")
      assert.isDefined(fiber.pollUnsafe())
    })
  )

  it.effect("ends with the first failure, which interrupts the work of the others", () =>
    Effect.gen(function* () {
      const interrupted: Array<string> = []
      const taken: Array<number> = []
      const failure = yield* Effect.flip(
        share(
          ["a", "b", "c"],
          items,
          (worker, item): Effect.Effect<number, string> =>
            worker === "b"
              ? Effect.andThen(Effect.yieldNow, Effect.fail(`${worker}${item}`))
              : Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted.push(worker))),
          (item) => taken.push(item)
        )
      )
      assert.strictEqual(failure, "b1")
      assert.deepStrictEqual(interrupted.toSorted(), ["a", "c"])
      assert.deepStrictEqual(taken, [])
    })
  )
})
