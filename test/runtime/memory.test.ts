/** The memory of a process is that of its largest run, however the shapes of its runs change. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { layerCpu } from "../../src/runtime/layer.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { float32, graph, program } from "./models.ts"
import { peakMemoryOf, runtimesOf } from "./processes.ts"

const width = 1024
const layers = 12
const each = <A>(make: (layer: number) => A): ReadonlyArray<A> =>
  Array.from({ length: layers }, (_, layer) => make(layer))

/** Keeps every layer's values until the way back, as a training does: 48 MiB for 1,024 rows. */
const thereAndBack = program(
  "there and back",
  graph(
    [
      ["x", ["rows", 1]],
      ["w", [1, width]]
    ],
    [
      ["MatMul", ["x", "w"], ["there.0"]],
      ...each((layer) => ["Tanh", [`there.${layer}`], [`there.${layer + 1}`]] as const),
      ["Mul", [`there.${layers}`, `there.${layers - 1}`], ["back.0"]],
      ...each((layer) => ["Mul", [`back.${layer}`, `there.${layers - 1 - layer}`], [`back.${layer + 1}`]] as const),
      ["ReduceSum", [`back.${layers}`], ["y"]]
    ],
    [["y", [1, 1]]]
  )
)

describe.skipIf(process.platform !== "linux")("a runtime process", { timeout: 30_000 }, () => {
  it.effect("takes no more memory for many shapes than for the largest", () =>
    Effect.gen(function* () {
      const before = new Set(runtimesOf(process.pid))
      const session = yield* Effect.flatMap(
        Effect.flatMap(OnnxRuntime, ({ acquire }) => acquire),
        (runtime) => runtime.open(thereAndBack)
      )
      const [child = -1] = runtimesOf(process.pid).filter((processId) => !before.has(processId))
      const run = (rows: number) => {
        const feeds = { x: float32([rows, 1], new Float32Array(rows)), w: float32([1, width], new Float32Array(width)) }
        return Effect.map(session.run({ feeds, fetch: ["y"] }), () => peakMemoryOf(child))
      }
      const largest = yield* run(1024)
      const peaks = yield* Effect.forEach(Array.from({ length: 48 }), (_, turn) => run(1024 - 96 * (turn % 8)))
      assert.isBelow((peaks.at(-1) ?? NaN) - largest, 24)
    }).pipe(Effect.provide(layerCpu))
  )
})
