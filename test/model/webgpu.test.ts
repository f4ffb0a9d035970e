/** A graphics device computes what the CPU computes: losses of a training and of its validation, answers. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { makeGenerator } from "../../src/model/generate.ts"
import { openModel } from "../../src/model/Model.ts"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { layer } from "../../src/runtime/layer.ts"
import type { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { Int32s } from "../../src/table/RowSchema.ts"
import { describeWebgpu, webgpuEnvironment } from "../runtime/webgpu.ts"
import { distance, goldenModel, reference, Runtime, tableReader } from "./support.ts"

const WebgpuRuntime = layer({ provider: "webgpu", intraOpThreads: 1, environment: webgpuEnvironment })

/** A device in software spends its time compiling, anew in each process; once compiled, a step is quick. */
const compiling = { timeout: 240_000, concurrent: true }

/** What a computation gives on each of the two. */
const both = <A, E>(compute: Effect.Effect<A, E, OnnxRuntime>) => {
  const on = (runtime: Layer.Layer<OnnxRuntime>) => Effect.provide(compute, runtime)
  return Effect.all({ device: on(WebgpuRuntime), cpu: on(Runtime) })
}

const Row = Schema.Struct({ ids: Int32s, promptTokens: Schema.Int })
const table = (rows: ReadonlyArray<ReadonlyArray<number>>) =>
  tableReader(
    rows.map((row) => ({ ids: Int32Array.from(row), promptTokens: 1 })),
    Row
  )

const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 4,
  alpha: 16,
  targets: ["query_key_value"],
  dropout: 0.1,
  epochs: 4,
  batchSize: 6,
  microBatchTokens: 60,
  learningRate: 1e-2,
  warmup: { steps: 4 },
  seed: 1
}

describeWebgpu("a model on the webgpu provider", () => {
  it.effect(
    "learns as on the CPU: the same losses, step by step and in validation, with dropout",
    () =>
      Effect.gen(function* () {
        const { rows } = reference("parallel")
        const { cpu, device } = yield* both(
          train({
            model: goldenModel("parallel"),
            rows: table(rows),
            validation: table(rows.slice(0, 5)),
            options
          })
        )
        const losses = ({ log: { steps, validation } }: typeof cpu) => [...steps, ...validation].map(({ loss }) => loss)
        assert.lengthOf(losses(cpu), 13)
        assert.isBelow(distance(losses(device), losses(cpu)), 1e-3)
      }),
    compiling
  )

  it.effect(
    "writes what it writes on the CPU",
    () =>
      Effect.gen(function* () {
        const { generation } = reference("parallel")
        const writing = Effect.fnUntraced(function* (repetitionPenalty: number) {
          const write = yield* makeGenerator(yield* openModel(goldenModel("parallel")), {
            maxTokens: 8,
            repetitionPenalty,
            sampling: null,
            seed: 1,
            stopStrings: [],
            decode: () => Effect.succeed(""),
            batchPrompts: 8
          })
          const answers = yield* write(generation.map(({ prompt }) => Int32Array.from(prompt)))
          return answers.map(({ ids }) => [...ids])
        }, Effect.scoped)
        assert.deepStrictEqual(
          yield* Effect.provide(writing(1.3), WebgpuRuntime),
          generation.map(({ answer }) => answer.slice(0, 8))
        )
        const { cpu, device } = yield* both(writing(1))
        assert.deepStrictEqual(device, cpu)
      }),
    compiling
  )
})
