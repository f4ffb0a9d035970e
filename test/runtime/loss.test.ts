/** How a process ends: on request, by a crash, by a kill, or with the one that started it; and what each looks like. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Exit from "effect/Exit"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"
import { layer, layerCpu } from "../../src/runtime/layer.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { endless, float32, product } from "./models.ts"
import { isRunning, runtimesOf, until, untilBusy } from "./processes.ts"

const acquire = Effect.flatMap(OnnxRuntime, (runtime) => runtime.acquire)
const call = { feeds: { x: float32([1], [0]) }, fetch: ["y"] }

/** Makes the process write LAST_WORDS and exit with code 7 before it does anything else. */
const crash = { NODE_OPTIONS: `--import=${new URL("./crash.ts", import.meta.url)}` }

/** A process in the middle of an endless run: the run, the process's number, and its sessions' opener. */
const computing = Effect.gen(function* () {
  const before = new Set(runtimesOf(process.pid))
  const runtime = yield* acquire
  const session = yield* runtime.open(endless)
  const [child = -1] = runtimesOf(process.pid).filter((processId) => !before.has(processId))
  const run = yield* Effect.forkChild(session.run(call))
  yield* untilBusy(child)
  return { child, run, runtime, session }
})

describe.skipIf(process.platform !== "linux")("a process that is lost", { timeout: 30_000 }, () => {
  it.live("by SIGKILL in the middle of a run fails every call with the signal", () =>
    Effect.gen(function* () {
      const { child, run, runtime } = yield* computing
      const queued = yield* Effect.forkChild(runtime.get([]))
      process.kill(child, "SIGKILL")
      for (const fiber of [run, queued]) {
        const failure = yield* Effect.flip(Fiber.join(fiber))
        assert.strictEqual(failure._tag, "ProcessLost")
        assert.deepInclude(failure, { exitCode: null, signal: "SIGKILL" })
        assert.match(failure.message, /SIGKILL.*memory/)
      }
      const later = yield* Effect.flip(runtime.open(product))
      assert.strictEqual(later._tag, "ProcessLost")
    }).pipe(Effect.provide(layerCpu))
  )

  it.live("by its own exit tells the code and its last words", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(acquire)
      assert.strictEqual(failure._tag, "ProcessLost")
      assert.deepInclude(failure, { exitCode: 7, signal: null, standardError: "the driver gave up" })
      assert.match(failure.message, /exit code 7.*the driver gave up/)
    }).pipe(
      Effect.provide(
        layer({
          provider: "cpu",
          environment: { ...crash, LAST_WORDS: "the driver gave up" }
        })
      )
    )
  )

  it.live("because it never started says so", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(acquire)
      assert.strictEqual(failure._tag, "ProcessLost")
      assert.match(failure.message, /could not be started/)
    }).pipe(Effect.provide(layer({ provider: "cpu", environment: { TOO_LARGE: "x".repeat(8_000_000) } })))
  )

  it.live("remembers no more than 4096 characters of what it wrote", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(acquire)
      assert.isTrue(failure._tag === "ProcessLost" && failure.standardError === "x".repeat(4096))
    }).pipe(
      Effect.provide(
        layer({
          provider: "cpu",
          environment: { ...crash, LAST_WORDS: "x".repeat(100_000) }
        })
      )
    )
  )
})

describe.skipIf(process.platform !== "linux")("several processes", { timeout: 30_000 }, () => {
  it.live("have registers of their own; one is lost alone, and all go when the scope closes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const all = yield* Scope.provide(
        Effect.flatMap(OnnxRuntime, ({ acquireAll }) => acquireAll),
        scope
      )
      assert.lengthOf(all, 3)
      const values = all.map((_, index) => ({ x: float32([1], [index]) }))
      for (const [index, value] of values.entries()) yield* all[index]?.put(value) ?? Effect.void
      const children = runtimesOf(process.pid)
      assert.lengthOf(children, 3)
      process.kill(children[1] ?? NaN, "SIGKILL")
      const outcomes = yield* Effect.forEach(all, (one) => Effect.result(one.get(["x"])))
      const survivors = outcomes.flatMap((outcome) => (Result.isSuccess(outcome) ? [outcome.success] : []))
      assert.lengthOf(survivors, 2)
      for (const survivor of survivors) assert.deepInclude(values, survivor)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(runtimesOf(process.pid), [])
    }).pipe(Effect.provide(layer({ provider: "cpu", processes: 3 })))
  )

  it.live("that do not start leave none behind", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(Effect.flatMap(OnnxRuntime, ({ acquireAll }) => acquireAll))
      assert.strictEqual(failure._tag, "ProcessLost")
    }).pipe(
      Effect.scoped,
      Effect.andThen(Effect.sync(() => assert.deepStrictEqual(runtimesOf(process.pid), []))),
      Effect.provide(
        layer({ provider: "cpu", processes: 2, environment: { ...crash, LAST_WORDS: "the driver gave up" } })
      )
    )
  )
})

describe.skipIf(process.platform !== "linux")("a process that is ended", { timeout: 30_000 }, () => {
  it.live("by interrupting a run stops computing", () =>
    Effect.gen(function* () {
      const { child, run, session } = yield* computing
      yield* Fiber.interrupt(run)
      yield* until(() => !isRunning(child))
      const later = yield* Effect.flip(session.run(call))
      assert.strictEqual(later._tag, "ProcessLost")
    }).pipe(Effect.provide(layerCpu))
  )

  it.live("by closing its scope is gone when the scope is closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { child } = yield* Scope.provide(computing, scope)
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(isRunning(child))
    }).pipe(Effect.provide(layerCpu))
  )

  it.live("takes no notice of Ctrl+C, which is its parent's to answer", () =>
    Effect.gen(function* () {
      const { child, run } = yield* computing
      process.kill(child, "SIGINT")
      yield* untilBusy(child)
      assert.isTrue(isRunning(child))
      yield* Fiber.interrupt(run)
    }).pipe(Effect.provide(layerCpu))
  )

  it.live("by the death of its parent stops even in the middle of a run", () =>
    Effect.gen(function* () {
      const script = fileURLToPath(new URL("./orphan.ts", import.meta.url))
      const parent = spawn(process.execPath, [script], { stdio: "ignore" })
      const parentId = parent.pid ?? -1
      yield* until(() => runtimesOf(parentId).length === 1)
      const [child = -1] = runtimesOf(parentId)
      yield* Effect.sleep("300 millis")
      yield* untilBusy(child)
      parent.kill("SIGKILL")
      yield* until(() => !isRunning(child))
    })
  )
})
