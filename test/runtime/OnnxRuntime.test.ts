/** What a process computes: runs, registers, order, shapes, element types and bits. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync, spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { constant, input, linear } from "../../src/graph/build.ts"
import { serialize } from "../../src/graph/serialize.ts"
import { layer, layerCpu } from "../../src/runtime/layer.ts"
import { type HostTensor, OnnxRuntime, type Program } from "../../src/runtime/OnnxRuntime.ts"
import { DataType, float32, graph, identity, integer, product, program, sumAndDifference, zeros } from "./models.ts"

const acquire = Effect.flatMap(OnnxRuntime, (runtime) => runtime.acquire)

const first = (tensor: HostTensor | undefined) => tensor?.data[0]

describe("a runtime process", { timeout: 30_000 }, () => {
  it.effect("multiplies matrices of any size in one session", () =>
    Effect.gen(function* () {
      const session = yield* Effect.flatMap(acquire, (process) => process.open(product))
      const multiply = (a: HostTensor, b: HostTensor) => session.run({ feeds: { a, b }, fetch: ["c"] })
      const narrow = yield* multiply(float32([1, 1], [3]), float32([1, 2], [1, 2]))
      assert.deepStrictEqual(narrow, { c: float32([1, 2], [3, 6]) })
      const empty = yield* multiply(float32([0, 2], []), float32([2, 2], [1, 2, 3, 4]))
      assert.deepStrictEqual(empty, { c: float32([0, 2], []) })
    }).pipe(Effect.provide(layerCpu))
  )

  it.effect("keeps outputs where they are and feeds them to any of its sessions", () =>
    Effect.gen(function* () {
      const process = yield* acquire
      const add = yield* process.open(sumAndDifference)
      const copy = yield* process.open(identity(DataType.FLOAT))
      yield* process.put({ total: float32([2], [1, 2]), step: float32([2], [10, 20]) })
      for (let turn = 0; turn < 3; turn++) {
        const fetched = yield* add.run({
          feeds: {},
          resident: { a: "total", b: "step" },
          fetch: turn === 2 ? ["sum", "difference"] : [],
          keep: { sum: "total" }
        })
        assert.deepStrictEqual(Object.keys(fetched), turn === 2 ? ["sum", "difference"] : [])
      }
      const { y } = yield* copy.run({ feeds: {}, resident: { x: "total" }, fetch: ["y"] })
      assert.deepStrictEqual(y, float32([2], [31, 62]))
      assert.deepStrictEqual(yield* process.get(["step", "total"]), {
        step: float32([2], [10, 20]),
        total: float32([2], [31, 62])
      })
    }).pipe(Effect.provide(layerCpu))
  )

  it.effect("multiplies by packed weights to the same bits on any number of threads", () =>
    Effect.gen(function* () {
      const [inner, columns] = [600, 96]
      const wave = (count: number, speed: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(speed * i))
      const weights = constant("float32", [columns, inner], wave(columns * inner, 0.7))
      const y = linear(input("x", "float32", ["rows", inner]), weights)
      const packed = serialize({ name: "packed", outputs: { y } })
      const multiply = (threads: number, rows: number) =>
        Effect.gen(function* () {
          const session = yield* Effect.flatMap(acquire, (process) => process.open(packed, "packed"))
          return yield* session.run({ feeds: { x: float32([rows, inner], wave(rows * inner, 0.3)) }, fetch: ["y"] })
        }).pipe(Effect.provide(layer({ provider: "cpu", intraOpThreads: threads })))
      for (const rows of [1, 8, 200]) assert.deepStrictEqual(yield* multiply(8, rows), yield* multiply(1, rows))
    })
  )

  it.effect("forgets what is released, and says which registers there are", () =>
    Effect.gen(function* () {
      const process = yield* acquire
      const session = yield* process.open(identity(DataType.FLOAT))
      yield* process.put({ kept: float32([1], [1]), gone: float32([1], [2]) })
      yield* process.release(["gone", "never there"])
      const failure = yield* Effect.flip(session.run({ feeds: {}, resident: { x: "gone" }, fetch: ["y"] }))
      assert.strictEqual(failure._tag, "SessionFailure")
      assert.match(failure.message, /no register "gone" \(there are: "kept"\)/)
      const exit = yield* Effect.exit(process.get(["gone"]))
      assert.match(String(exit), /internal: there is no register "gone"/)
    }).pipe(Effect.provide(layerCpu))
  )

  it.effect("answers many requests in flight, each its own", () =>
    Effect.gen(function* () {
      const session = yield* Effect.flatMap(acquire, (process) => process.open(sumAndDifference))
      const answers = yield* Effect.forEach(
        Array.from({ length: 64 }, (_, index) => index),
        (index) => session.run({ feeds: { a: float32([1], [index]), b: float32([1], [1]) }, fetch: ["sum"] }),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        answers.map(({ sum }) => first(sum)),
        answers.map((_, index) => index + 1)
      )
    }).pipe(Effect.provide(layerCpu))
  )

  const tensors: ReadonlyArray<readonly [DataType, HostTensor]> = [
    [DataType.FLOAT, float32([2], [0.1, -0])],
    [DataType.FLOAT16, { element: "float16", shape: [2], data: Uint16Array.of(0x3c00, 0x7bff) }],
    [DataType.INT32, { element: "int32", shape: [2], data: Int32Array.of(-1, 2147483647) }],
    [DataType.INT64, { element: "int64", shape: [2], data: BigInt64Array.of(-1n, 1n << 62n) }],
    [DataType.UINT32, { element: "uint32", shape: [2], data: Uint32Array.of(1, 4294967295) }],
    [DataType.UINT8, { element: "uint8", shape: [2], data: Uint8Array.of(0, 255) }],
    [DataType.BOOL, { element: "bool", shape: [2], data: Uint8Array.of(0, 1) }]
  ]
  it.effect("passes every element type in and out, through a session and through a register", () =>
    Effect.gen(function* () {
      const process = yield* acquire
      for (const [dataType, x] of tensors) {
        const session = yield* process.open(identity(dataType))
        const { y } = yield* session.run({ feeds: { x }, fetch: ["y"], keep: { y: "register" } })
        assert.deepStrictEqual(y, x)
        assert.deepStrictEqual((yield* process.get(["register"])).register, x)
      }
    }).pipe(Effect.provide(layerCpu))
  )

  it.effect("carries 64 MB both ways", () =>
    Effect.gen(function* () {
      const process = yield* acquire
      const data = new Float32Array(16 * 1024 * 1024)
      for (let index = 0; index < data.length; index++) data[index] = index
      yield* process.put({ large: { element: "float32", shape: [data.length], data } })
      const { large } = yield* process.get(["large"])
      assert.isTrue(large !== undefined && Buffer.from(large.data.buffer).equals(Buffer.from(data.buffer)))
    }).pipe(Effect.provide(layerCpu))
  )

  it.effect("lets the event loop go on while it computes", () =>
    Effect.gen(function* () {
      const session = yield* Effect.flatMap(acquire, (process) => process.open(product))
      const size = 1024
      const matrix = float32([size, size], new Float32Array(size * size))
      let turns = 0
      const timer = setInterval(() => turns++, 1)
      yield* session.run({ feeds: { a: matrix, b: matrix }, fetch: ["c"] })
      clearInterval(timer)
      assert.isAbove(turns, 2)
    }).pipe(Effect.provide(layerCpu))
  )
})

describe("a bad request", { timeout: 30_000 }, () => {
  const run = (feeds: Readonly<Record<string, HostTensor>>, fetch: ReadonlyArray<string>) =>
    Effect.gen(function* () {
      const process = yield* acquire
      const session = yield* process.open(product)
      const failure = yield* Effect.flip(session.run({ feeds, fetch }))
      assert.strictEqual(failure._tag, "SessionFailure")
      const one = float32([1, 1], [1])
      assert.deepStrictEqual(yield* session.run({ feeds: { a: one, b: one }, fetch: ["c"] }), { c: one })
      return failure.message
    }).pipe(Effect.provide(layerCpu))

  const one = float32([1, 1], [1])
  const cases: ReadonlyArray<readonly [string, Effect.Effect<string, unknown, never>, RegExp]> = [
    ["a missing feed", Effect.scoped(run({ a: one }, ["c"])), /"product".*'b' is missing/],
    ["a feed without an input", Effect.scoped(run({ a: one, b: one, d: one }, ["c"])), /no input named "d" .*"a", "b"/],
    [
      "sizes that do not meet",
      Effect.scoped(run({ a: float32([1, 2], [1, 2]), b: one }, ["c"])),
      /MatMul.*dimension/is
    ],
    [
      "another element type",
      Effect.scoped(run({ a: { element: "int32", shape: [1, 1], data: Int32Array.of(1) }, b: one }, ["c"])),
      /data type/i
    ],
    ["an unknown output", Effect.scoped(run({ a: one, b: one }, ["nope"])), /nope/],
    ["no output at all", Effect.scoped(run({ a: one, b: one }, [])), /no output/]
  ]
  for (const [what, message, expected] of cases) {
    it.effect(`names ${what}, and the process goes on`, () =>
      Effect.map(message, (text) => assert.match(text, expected))
    )
  }

  it.effect("that is not a model fails to open, and the process goes on", () =>
    Effect.gen(function* () {
      const process = yield* acquire
      const failure = yield* Effect.flip(process.open({ name: "noise", model: Uint8Array.of(1, 2, 3), files: {} }))
      assert.strictEqual(failure._tag, "SessionFailure")
      assert.match(failure.message, /"noise"/)
      yield* process.open(product)
    }).pipe(Effect.provide(layerCpu))
  )

  it.effect("for more memory than there is fails alone", () =>
    Effect.gen(function* () {
      const process = yield* acquire
      const session = yield* process.open(zeros)
      const shape: HostTensor = { element: "int64", shape: [1], data: BigInt64Array.of(1n << 50n) }
      const failure = yield* Effect.flip(session.run({ feeds: { shape }, fetch: ["y"] }))
      assert.strictEqual(failure._tag, "SessionFailure")
      assert.match(failure.message, /allocat/i)
      yield* process.open(product)
    }).pipe(Effect.provide(layerCpu))
  )
})

/** A folder that goes with the scope. */
const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tanren-test-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
)

describe("the start of a process", { timeout: 30_000 }, () => {
  it.effect("leaves what it compiled to the next one, though it is killed at its end", () =>
    Effect.gen(function* () {
      const compiled = yield* folder
      const environment = { NODE_COMPILE_CACHE: compiled }
      yield* Effect.scoped(Effect.provide(acquire, layer({ provider: "cpu", environment })))
      assert.isNotEmpty(readdirSync(compiled, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()))
    })
  )
})

/** The cores that this process may use, in the words of taskset(1): "0-3,6". */
const affinity = () => {
  const answer = execFileSync("taskset", ["-cp", String(process.pid)], { encoding: "utf8" })
  return /: (\S+)$/m.exec(answer)?.[1] ?? ""
}
const pin = (cores: string) => execFileSync("taskset", ["-cp", cores, String(process.pid)])
const canPin = process.platform === "linux" && spawnSync("taskset", ["--version"]).status === 0

describe("the bits of a result on the CPU", { timeout: 30_000 }, () => {
  const rows = 67
  const width = 384
  const mixture = (files: Program["files"]) =>
    program(
      "mixture",
      graph(
        [
          ["x", ["rows", width]],
          ["w", [width, width]],
          ["scale", [width]]
        ],
        [
          ["LayerNormalization", ["x", "scale"], ["normal"], [integer("axis", -1)]],
          ["Gemm", ["normal", "w"], ["linear"], [integer("transB", 1)]],
          ["Gelu", ["linear"], ["active"]],
          ["Softmax", ["active"], ["likely"], [integer("axis", -1)]],
          ["ReduceSum", ["likely"], ["total"], [integer("keepdims", 0)]],
          ["ReduceMean", ["linear"], ["mean"], [integer("keepdims", 0)]],
          ["Gemm", ["likely", "x"], ["gradient"], [integer("transA", 1)]]
        ],
        [
          ["likely", ["rows", width]],
          ["total", []],
          ["mean", []],
          ["gradient", [width, width]]
        ]
      ),
      files
    )
  const wave = (shape: ReadonlyArray<number>): HostTensor =>
    float32(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, index) => Math.sin(index * 1.7))
    )
  const feeds = { x: wave([rows, width]), w: wave([width, width]), scale: wave([width]) }

  const digests = (tensors: Readonly<Record<string, HostTensor>>) =>
    Object.values(tensors).map(({ data }) => createHash("sha256").update(data).digest("hex"))

  const compute = (files: Program["files"] = {}) =>
    Effect.gen(function* () {
      const session = yield* Effect.flatMap(acquire, (process) => process.open(mixture(files)))
      return digests(yield* session.run({ feeds, fetch: ["likely", "total", "mean", "gradient"] }))
    }).pipe(Effect.provide(layerCpu), Effect.scoped)

  /** Weight files of so many bytes, all of them a hole. */
  const weighing = (bytes: number) =>
    Effect.map(folder, (directory): Program["files"] => {
      const file = join(directory, "weights")
      writeFileSync(file, "")
      truncateSync(file, bytes)
      return { weights: file }
    })

  it.effect("are the same every time", () =>
    Effect.gen(function* () {
      const first = yield* compute()
      assert.deepStrictEqual(yield* compute(), first)
    })
  )

  // A process may use the cores of the thread that starts it.
  const onOneCore = <A, E, R>(effect: Effect.Effect<A, E, R>) => {
    const all = affinity()
    return Effect.acquireUseRelease(
      Effect.sync(() => pin(all.split(/[-,]/)[0] ?? "0")),
      () => effect,
      () => Effect.sync(() => pin(all))
    )
  }

  it.effect.skipIf(!canPin)("do not depend on the number of cores, but on how large the weights are", () =>
    Effect.gen(function* () {
      const few = yield* weighing(0)
      const many = yield* weighing(2 ** 30)
      const withFew = yield* compute(few)
      const withMany = yield* compute(many)
      assert.deepStrictEqual(yield* onOneCore(compute(few)), withFew)
      assert.deepStrictEqual(yield* onOneCore(compute(many)), withMany)
      assert.notDeepEqual(withFew, withMany)
    })
  )
})
