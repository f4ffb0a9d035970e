/** A provider computes or is refused with a remedy: it never hands its work to the CPU in silence. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createRequire } from "node:module"
import { layer, layerCpu } from "../../src/runtime/layer.ts"
import { type ExecutionProvider, OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { devicesOf } from "../../src/runtime/provider.ts"
import { DataType, endless, float32, identity, product, sumAndDifference } from "./models.ts"
import { describeWebgpu, webgpuEnvironment } from "./webgpu.ts"

const acquire = Effect.flatMap(OnnxRuntime, (runtime) => runtime.acquire)
const none = "/nonexistent.json"

describe("a provider's identity", { timeout: 30_000 }, () => {
  it.effect("names the version in use and the options that change bits", () =>
    Effect.gen(function* () {
      const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json")
      const standard = yield* Effect.provide(
        Effect.map(OnnxRuntime, (runtime) => runtime.identity),
        layerCpu
      )
      const identityOf = (provider: ExecutionProvider, intraOpThreads = 8) =>
        Effect.provide(
          Effect.map(OnnxRuntime, (runtime) => runtime.identity),
          layer({ provider, intraOpThreads })
        )
      const options = "optimization=basic prepacking=off threads=8 below=16777216:2"
      assert.deepStrictEqual(standard, { provider: "cpu", runtimeVersion: version, options })
      assert.notDeepEqual(yield* identityOf("cpu", 4), yield* identityOf("cpu", 8))
      const several = layer({ provider: "cpu", processes: 3 })
      const identity = Effect.map(OnnxRuntime, (runtime) => runtime.identity)
      assert.deepStrictEqual(yield* Effect.provide(identity, several), standard)
      assert.strictEqual((yield* identityOf("cuda")).options, `${options} tf32=off`)
    })
  )
})

describe("the devices of several processes", () => {
  it("are one each with cuda, and the same for all elsewhere", () => {
    assert.deepStrictEqual(devicesOf("cuda", 3, undefined), [0, 1, 2])
    assert.deepStrictEqual(devicesOf("cuda", 2, 4), [4, 5])
    assert.deepStrictEqual(devicesOf("cuda", 1, 4), [4])
    assert.deepStrictEqual(devicesOf("cuda", 1, undefined), [undefined])
    assert.deepStrictEqual(devicesOf("cpu", 2, undefined), [undefined, undefined])
  })
})

describe("a provider that is not there", { timeout: 30_000 }, () => {
  it.live("is refused, for webgpu without a device", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(acquire)
      assert.strictEqual(failure._tag, "ProviderMissing")
      assert.match(failure.message, /"webgpu".*adapter.*Vulkan.*cpu provider/s)
    }).pipe(
      Effect.provide(
        layer({
          provider: "webgpu",
          environment: { VK_DRIVER_FILES: none, VK_ICD_FILENAMES: none }
        })
      )
    )
  )

  it.live("is refused, for cuda without its libraries or its device", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(acquire)
      assert.strictEqual(failure._tag, "ProviderMissing")
      assert.match(failure.message, /"cuda".*--onnxruntime-node-install=cuda12/s)
    }).pipe(Effect.provide(layer({ provider: "cuda", environment: { CUDA_VISIBLE_DEVICES: "" } })))
  )
})

describeWebgpu("the webgpu provider", () => {
  const webgpu = layer({ provider: "webgpu", environment: webgpuEnvironment })

  it.live("computes, keeps registers, and feeds them to other sessions", () =>
    Effect.gen(function* () {
      const process = yield* acquire
      const multiply = yield* process.open(product)
      const add = yield* process.open(sumAndDifference)
      const copy = yield* process.open(identity(DataType.INT64))
      const a = float32([2, 2], [1, 2, 3, 4])
      const { c } = yield* multiply.run({ feeds: { a, b: a }, fetch: ["c"] })
      assert.deepStrictEqual(c, float32([2, 2], [7, 10, 15, 22]))
      yield* process.put({ total: float32([3], [1, 2, 3]) })
      for (let turn = 0; turn < 3; turn++) {
        const b = float32([3], [1, 1, 1])
        yield* add.run({ feeds: { b }, resident: { a: "total" }, fetch: [], keep: { sum: "total" } })
      }
      assert.deepStrictEqual(yield* process.get(["total"]), { total: float32([3], [4, 5, 6]) })
      const x = { element: "int64", shape: [1], data: BigInt64Array.of(-1n) } as const
      assert.deepStrictEqual(yield* copy.run({ feeds: { x }, fetch: ["y"] }), { y: x })
    }).pipe(Effect.provide(webgpu))
  )

  it.live("reports a bad feed and goes on", () =>
    Effect.gen(function* () {
      const session = yield* Effect.flatMap(acquire, (process) => process.open(product))
      const two = float32([1, 1], [2])
      const wide = float32([1, 3], [1, 2, 3])
      const failure = yield* Effect.flip(session.run({ feeds: { a: wide, b: two }, fetch: ["c"] }))
      assert.strictEqual(failure._tag, "SessionFailure")
      const { c } = yield* session.run({ feeds: { a: two, b: two }, fetch: ["c"] })
      assert.deepStrictEqual(c, float32([1, 1], [4]))
    }).pipe(Effect.provide(webgpu))
  )

  it.live("is stopped in the middle of a run", () =>
    Effect.gen(function* () {
      const session = yield* Effect.flatMap(acquire, (process) => process.open(endless))
      const run = session.run({ feeds: { x: float32([1], [0]) }, fetch: ["y"] })
      const outcome = yield* Effect.timeoutOption(run, "500 millis")
      assert.strictEqual(outcome._tag, "None")
    }).pipe(Effect.provide(webgpu))
  )
})
