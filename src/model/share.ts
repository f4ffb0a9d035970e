/** Work shared by processes in such a way that no result depends on how many they are or how fast. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { RuntimeFailure } from "../runtime/Errors.ts"
import type { Program, RuntimeProcess, Session } from "../runtime/OnnxRuntime.ts"

/** Loads a program in each process. */
export const openInAll = (
  processes: NonEmptyReadonlyArray<RuntimeProcess>,
  program: Program
): Effect.Effect<NonEmptyReadonlyArray<Session>, RuntimeFailure> =>
  Effect.forEach(processes, (process) => process.open(program), { concurrency: "unbounded" })

/**
 * Worker i mod n does the work on item i, all of them side by side; `take` receives the results in the order of the
 * items. A worker that is ahead waits until its result is taken, so there are never more results at hand than workers.
 * The first failure interrupts them all.
 */
export const share = <Worker, Item, Result, E, R>(
  workers: NonEmptyReadonlyArray<Worker>,
  items: ReadonlyArray<Item>,
  work: (worker: Worker, item: Item) => Effect.Effect<Result, E, R>,
  take: (result: Result) => void
): Effect.Effect<void, E, R> =>
  Effect.suspend(() => {
    let last = Latch.makeUnsafe(true)
    const turns = items.map((item) => {
      const begins = last
      const ends = (last = Latch.makeUnsafe())
      return { item, begins, ends }
    })
    return Effect.forEach(
      workers,
      (worker, first) =>
        Effect.forEach(
          turns.filter((_, index) => index % workers.length === first),
          Effect.fnUntraced(function* ({ begins, ends, item }) {
            const result = yield* work(worker, item)
            yield* begins.await
            take(result)
            yield* ends.open
          }),
          { discard: true }
        ),
      { concurrency: "unbounded", discard: true }
    )
  })
