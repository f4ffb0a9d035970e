/** Training gives the losses, norms and adapter of PEFT and torch, and depends on nothing that it should not. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readSafetensors } from "../../src/model/weights/safetensors.ts"
import type { AdapterTensors } from "../../src/model/lora.ts"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import type { FilesReader } from "../../src/pipeline/Reader.ts"
import { Int32s } from "../../src/table/RowSchema.ts"
import { distance, goldenFolder, goldenModel, memoryReader, reference, Runtime, tableReader } from "./support.ts"

const Row = Schema.Struct({ ids: Int32s, promptTokens: Schema.Int })
const table = (rows: ReadonlyArray<ReadonlyArray<number>>) =>
  tableReader(rows.map((row) => ({ ids: Int32Array.from(row), promptTokens: 1 })), Row)

/** The settings of test/reference/models.py. */
const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 4,
  alpha: 16,
  targets: ["query_key_value"],
  dropout: 0,
  epochs: 8,
  batchSize: 6,
  microBatchSize: 3,
  microBatchTokens: 40,
  learningRate: 2e-2,
  warmup: { steps: 4 },
  weightDecay: 0.01,
  shuffle: false,
  seed: 1
}

const adapterOf = Effect.fn("adapterOf")(function*(files: FilesReader) {
  const path = "adapter_model.safetensors"
  const bytes = (yield* files.bytes(path)).slice()
  const stored = yield* readSafetensors(files, path)
  return new Map([...stored].map(([name, { length, offset, shape: [rows = 0, columns = 0] }]) =>
    [name, { shape: [rows, columns] as const, data: new Float32Array(bytes.slice(offset, offset + length).buffer) }] as const
  )) satisfies AdapterTensors
})

const relativeDistance = (a: AdapterTensors, b: AdapterTensors): number => {
  const flat = (tensors: AdapterTensors) => [...tensors].toSorted(([x], [y]) => x < y ? -1 : 1).flatMap(([, { data }]) => Array.from(data))
  const norm = (values: ReadonlyArray<number>) => Math.hypot(...values)
  const [left, right] = [flat(a), flat(b)]
  return left.length === right.length ? norm(left.map((value, index) => value - (right[index] ?? NaN))) / norm(right) : Infinity
}

layer(Runtime)("training", (it) => {
  for (const lossNormalization of ["token", "micro-batch"] as const) {
    it.effect(`follows PEFT and torch: loss per ${lossNormalization}`, () =>
      Effect.gen(function*() {
        const { rows, training } = reference("parallel")
        const expected = training?.[lossNormalization]
        if (expected === undefined) return assert.fail("the reference has no training")
        const { files, log, tensors } = yield* train({
          model: goldenModel("parallel"),
          rows: table(rows),
          validation: table(rows.slice(0, 5)),
          options: { ...options, lossNormalization },
          initial: yield* adapterOf(goldenFolder("parallel", "initial"))
        })
        const difference = {
          losses: distance(log.steps.map(({ loss }) => loss), expected.losses),
          norms: distance(log.steps.map(({ gradientNorm }) => gradientNorm), expected.gradientNorms),
          rates: distance(log.steps.map(({ learningRate }) => learningRate), expected.learningRates),
          validation: distance(log.validation.map(({ loss }) => loss), [expected.validation]),
          adapter: relativeDistance(tensors, yield* adapterOf(goldenFolder("parallel", `trained-${lossNormalization}`)))
        }
        console.log(difference)
        assert.isBelow(difference.losses, 1e-4)
        assert.isBelow(difference.norms, 1e-3)
        assert.isBelow(difference.rates, 1e-12)
        assert.isBelow(difference.validation, 1e-4)
        assert.isBelow(difference.adapter, 1e-3)
        assert.strictEqual(relativeDistance(yield* adapterOf(memoryReader(files)), tensors), 0)
      }))
  }
})
