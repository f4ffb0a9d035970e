/** One computation per key, whoever asks at once, and whatever becomes of the holder. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fs from "node:fs"
import { join } from "node:path"
import { folder, fresh, key, opened, output, program, recordOf, spoken } from "./stores.ts"

it.live("fibers that ask for one key compute once", () =>
  Effect.gen(function* () {
    const { actions, leases } = yield* fresh
    let computations = 0
    const compute = Effect.gen(function* () {
      computations++
      yield* Effect.sleep(50)
      yield* actions.put(recordOf(key("a")))
      return recordOf(key("a"))
    })
    const ask = leases.share(key("a"), actions.get(key("a")), compute)
    const results = yield* Effect.all([ask, ask, ask, ask, ask], { concurrency: "unbounded" })
    assert.strictEqual(computations, 1)
    for (const result of results) assert.deepStrictEqual(result, recordOf(key("a")))
  })
)

it.live("a key is free again when its holder ends, fails or is interrupted", () =>
  Effect.gen(function* () {
    const { folders, leases } = yield* fresh
    yield* Effect.scoped(leases.hold(key("a")))
    yield* Effect.exit(Effect.scoped(Effect.andThen(leases.hold(key("a")), Effect.fail("stage"))))
    const fiber = yield* Effect.forkChild(Effect.scoped(Effect.andThen(leases.hold(key("a")), Effect.never)))
    yield* Effect.sleep(20)
    assert.deepStrictEqual(yield* leases.held, [key("a")])
    const waiting = yield* Effect.forkChild(Effect.scoped(leases.hold(key("a"))))
    yield* Effect.sleep(100)
    yield* Fiber.interrupt(waiting)
    yield* Fiber.interrupt(fiber)
    yield* Effect.scoped(leases.hold(key("a")))
    assert.deepStrictEqual(fs.readdirSync(folders.leases), [])
  })
)

it.live("many claimants never hold a key together", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const stores = yield* Effect.all([opened(root), opened(root), opened(root)])
    let holders = 0
    let most = 0
    const turn = (store: (typeof stores)[number]) =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* store.leases.hold(key("a"))
          most = Math.max(most, ++holders)
          yield* Effect.sleep(2)
          holders--
        })
      )
    yield* Effect.all([...stores, ...stores].map(turn), { concurrency: "unbounded" })
    assert.strictEqual(most, 1)
  })
)

it.live(
  "two processes on one key compute once",
  () =>
    Effect.gen(function* () {
      const root = yield* folder
      const processes = yield* Effect.all([program("compute.ts", root, "300"), program("compute.ts", root, "300")])
      const said = yield* Effect.all(processes.map(output), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        said.map((text) => text.endsWith("done\n")),
        [true, true]
      )
      assert.strictEqual(fs.readFileSync(join(root, "computations"), "utf8"), "x")
    }),
  30_000
)

it.live(
  "a dead holder's key is taken over at once, by one of several",
  () =>
    Effect.gen(function* () {
      const root = yield* folder
      const holder = yield* program("compute.ts", root, "60000")
      yield* spoken(holder)
      const { actions, leases } = yield* opened(root)
      assert.deepStrictEqual(yield* leases.held, [key("shared")])
      let computations = 0
      const compute = Effect.gen(function* () {
        computations++
        yield* actions.put(recordOf(key("shared")))
        return recordOf(key("shared"))
      })
      const ask = leases.share(key("shared"), actions.get(key("shared")), compute)
      const waiting = yield* Effect.forkChild(Effect.all([ask, ask, ask], { concurrency: "unbounded" }))
      yield* Effect.sleep(150)
      assert.strictEqual(computations, 0, "nobody computes while the holder lives")
      const ended = output(holder)
      holder.kill("SIGKILL")
      yield* ended
      yield* Fiber.join(waiting)
      assert.strictEqual(computations, 1)
    }),
  30_000
)

it.live("a holder on another machine is waited for while it beats", () =>
  Effect.gen(function* () {
    const { folders, leases } = yield* fresh
    const claim = join(folders.leases, `${key("a")}.elsewhere-1-1-0`)
    fs.writeFileSync(claim, "")
    const waiting = yield* Effect.forkChild(Effect.scoped(leases.hold(key("a"))))
    yield* Effect.sleep(300)
    assert.isUndefined(waiting.pollUnsafe())
    fs.rmSync(claim)
    yield* Fiber.join(waiting)
  })
)
