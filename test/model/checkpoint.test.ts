/** A training that goes on from a state ends as one that was never stopped: the same adapter and log, bit for bit. */
import { assert, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import {
  type RegisterTensors,
  firstTensors,
  lastingRegisters,
  readState,
  writeState
} from "../../src/model/checkpoint.ts"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { Checkpoints } from "../../src/pipeline/Checkpoints.ts"
import { goldenModel, reference, Runtime } from "./support.ts"
import { table } from "./trainingSupport.ts"

const { rows } = reference("parallel")

/** Six steps of two epochs, with everything that chance has a part in. */
const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 4,
  alpha: 16,
  targets: ["query_key_value"],
  dropout: 0.2,
  epochs: 2,
  batchSize: Math.ceil(rows.length / 3),
  microBatchTokens: 60,
  learningRate: 2e-2,
  weightDecay: 0.01,
  schedule: "constant",
  warmup: { steps: 2 },
  validateEvery: 2,
  seed: 7
}

/** Trains from a state, if one is given; gives the result and every state on the way. */
const training = Effect.fn("training")(function* (changes: Partial<TrainingOptions>, from: Uint8Array | null = null) {
  const states: Array<Uint8Array> = []
  const { files, log } = yield* train({
    model: goldenModel("parallel"),
    rows: table(rows),
    validation: table(rows.slice(0, 4)),
    options: { ...options, ...changes }
  }).pipe(
    Effect.provideService(Checkpoints, {
      resume: (_total, read) => Effect.sync(() => (from === null ? null : read(from))),
      offer: (_done, _total, state) =>
        Effect.map(state, (pieces) => void states.push(new Uint8Array(Buffer.concat(pieces))))
    })
  )
  return { result: { files, log }, states }
})

layer(Runtime)("a training", (it) => {
  it.effect("goes on from the state after any of its steps to the same bytes", () =>
    Effect.gen(function* () {
      const undisturbed = yield* training({})
      assert.lengthOf(undisturbed.states, 6)
      for (const [index, state] of undisturbed.states.entries()) {
        const resumed = yield* training({}, state)
        assert.deepStrictEqual(resumed.result, undisturbed.result)
        assert.deepStrictEqual(resumed.states, undisturbed.states.slice(index + 1))
      }
    })
  )

  it.effect("of an open end goes on from the end of a shorter one, whose last validation is not its own", () =>
    Effect.gen(function* () {
      const short = yield* training({ epochs: 1 })
      const long = yield* training({})
      const steps = (log: typeof long.result.log) => log.validation.map(({ step }) => step)
      assert.deepStrictEqual(steps(short.result.log), [2, 3])
      assert.deepStrictEqual(steps(long.result.log), [2, 4, 6])
      assert.deepStrictEqual((yield* training({}, short.states.at(-1))).result, long.result)
    })
  )

  it.effect("does not start from what is no state of its adapter", () =>
    Effect.gen(function* () {
      const other = yield* training({ rank: 2, epochs: 1 })
      const own = yield* training({ epochs: 1 })
      const again = yield* training({ epochs: 1 }, other.states.at(-1))
      assert.deepStrictEqual(again, own)
    })
  )
})

const size = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 5 }))
const Step = Schema.Struct({
  step: Schema.Int,
  loss: Schema.Finite,
  learningRate: Schema.Finite,
  gradientNorm: Schema.Finite,
  tokens: Schema.Int
})

/** A number for each of the values that float32 has bits for, those that are no numbers included. */
const anyFloats = (length: number, seed: number): Float32Array =>
  new Float32Array(Uint32Array.from({ length }, (_, index) => Math.imul(seed + index, 2654435761)).buffer)

it.prop(
  "a state's bytes are read back as they were, wherever they lie, and no others are",
  {
    shapes: Schema.Array(Schema.Tuple([size, size])).check(Schema.isMinLength(1), Schema.isMaxLength(4)),
    steps: Schema.Array(Step).check(Schema.isMaxLength(4)),
    seed: Schema.Int,
    offset: size
  },
  ({ offset, seed, shapes, steps }) => {
    const factors = new Map(shapes.map((shape, index) => [`matrix ${index}`, shape]))
    const tensors: RegisterTensors = new Map(
      [...lastingRegisters(factors)].map(([name, shape], index) => [
        name,
        { shape, data: anyFloats(shape[0] * shape[1], seed + index) }
      ])
    )
    const state = { tensors, log: { steps, validation: [{ step: 1, loss: 0.1 }] } }
    const file = Buffer.concat([new Uint8Array(offset), ...writeState(state)])
    const bytes = file.subarray(offset)
    const read = readState(bytes, factors)
    const bits = (all: RegisterTensors | undefined) =>
      [...(all ?? [])].map(([name, { data, shape }]) => [name, shape, Buffer.from(data.buffer).toString("hex")]).sort()
    assert.strictEqual(JSON.stringify(read?.log), JSON.stringify(state.log))
    assert.deepStrictEqual(bits(read?.tensors), bits(tensors))
    assert.isNull(readState(bytes.subarray(0, -1), factors))
    assert.isNull(readState(bytes.subarray(0, 5), factors))
    assert.isNull(readState(bytes, new Map([...factors, ["another", [1, 1] as const]])))
  }
)

it("before the first step both moments are zero", () => {
  const adapter = new Map([["a", { shape: [1, 2] as const, data: Float32Array.of(1, 2) }]])
  assert.deepStrictEqual(
    [...firstTensors(adapter).values()].map(({ data }) => [...data]),
    [
      [1, 2],
      [0, 0],
      [0, 0]
    ]
  )
})
