/** Models train, score and write the same in several processes as in one, bit for bit; all of them end together. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { makeGenerator } from "../../src/model/generate.ts"
import { openModel } from "../../src/model/Model.ts"
import { makeScorer } from "../../src/model/score.ts"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { Checkpoints } from "../../src/pipeline/Checkpoints.ts"
import { Progress } from "../../src/pipeline/Progress.ts"
import { layer } from "../../src/runtime/layer.ts"
import type { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { runtimesOf } from "../runtime/processes.ts"
import { goldenModel } from "./support.ts"
import { table } from "./trainingSupport.ts"

const runtime = (processes: number) => layer({ provider: "cpu", intraOpThreads: 1, processes })

/** What an effect gives in one, two and three processes. */
const inEach = <A, E>(effect: Effect.Effect<A, E, OnnxRuntime>) =>
  Effect.forEach([1, 2, 3], (processes) => Effect.provide(effect, runtime(processes)))

const assertAlike = <A>([one, ...others]: ReadonlyArray<A>): void => {
  assert.lengthOf(others, 2)
  for (const other of others) assert.deepStrictEqual(other, one)
}

/** Rows of 3 to 46 tokens. */
const rows = Array.from({ length: 23 }, (_, row) =>
  Array.from({ length: 3 + ((row * 17) % 44) }, (_, token) => 1 + ((row * 31 + token * token * 7) % 62))
)

/** Two epochs of 13 and 10 rows. */
const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 4,
  alpha: 16,
  targets: ["query_key_value", "dense"],
  dropout: 0,
  epochs: 2,
  batchSize: 13,
  microBatchSize: 4,
  microBatchTokens: 60,
  learningRate: 2e-2,
  warmup: { steps: 1 },
  validateEvery: 1,
  seed: 1
}

const training = (changes: Partial<TrainingOptions>) =>
  Effect.map(
    train({
      model: goldenModel("parallel"),
      rows: table(rows),
      validation: table(rows.slice(0, 7)),
      options: { ...options, ...changes }
    }),
    ({ files, log }) => ({ files, log })
  )

const trainings: { readonly [what: string]: Partial<TrainingOptions> } = {
  "of rows of mixed length, loss per token, with dropout": { lossNormalization: "token", dropout: 0.3 },
  "loss per micro-batch, with gradients that are clipped": { lossNormalization: "micro-batch", maxGradientNorm: 1e-3 },
  "with fewer micro-batches in a step than processes": { microBatchTokens: 10_000 },
  "with a micro-batch for each of many rows": { microBatchTokens: 1, batchSize: 23 },
  "with hundreds of tokens in a micro-batch": { microBatchTokens: 400, batchSize: 23 }
}

describe("in one, two or three processes alike", { timeout: 60_000 }, () => {
  for (const [what, changes] of Object.entries(trainings)) {
    it.live(`a training ${what}`, () => Effect.map(inEach(training(changes)), assertAlike))
  }

  it.live("a training goes on from a state that another number of processes came to", () =>
    Effect.gen(function* () {
      const states: Array<Uint8Array> = []
      const alone = yield* training({ dropout: 0.3 }).pipe(
        Effect.provideService(Checkpoints, {
          resume: () => Effect.succeed(null),
          offer: (_done, _total, state) =>
            Effect.map(state, (pieces) => void states.push(new Uint8Array(Buffer.concat(pieces))))
        }),
        Effect.provide(runtime(1))
      )
      assert.lengthOf(states, 4)
      const resumed = yield* training({ dropout: 0.3 }).pipe(
        Effect.provideService(Checkpoints, {
          resume: (_total, read) => Effect.sync(() => read(states[1] ?? new Uint8Array())),
          offer: () => Effect.void
        }),
        Effect.provide(runtime(3))
      )
      assert.deepStrictEqual(resumed, alone)
    })
  )

  it.live("scores", () =>
    Effect.gen(function* () {
      const requests = rows.map((row) => ({
        context: Int32Array.from(row.slice(0, 2)),
        continuations: [Int32Array.from(row.slice(2)), Int32Array.from(row.slice(1, 3))]
      }))
      const scores = Effect.gen(function* () {
        const score = yield* makeScorer(yield* openModel(goldenModel("llama")), { batchTokens: 100 })
        return yield* score(requests)
      })
      assertAlike(yield* inEach(Effect.scoped(scores)))
    })
  )

  it.live("answers", () =>
    Effect.gen(function* () {
      const prompts = rows.map((row) => Int32Array.from(row.slice(0, 10)))
      const answers = Effect.gen(function* () {
        const write = yield* makeGenerator(yield* openModel(goldenModel("sequential")), {
          maxTokens: 8,
          repetitionPenalty: 1.1,
          sampling: { temperature: 1, topK: 20, topP: 0.9 },
          seed: 5,
          stopStrings: [],
          decode: (ids) => Effect.succeed(ids.join(" ")),
          batchPrompts: 4
        })
        return yield* write(prompts)
      })
      assertAlike(yield* inEach(Effect.scoped(answers)))
    })
  )
})

/** A training without an end in three processes; `atStep` is told the number of each of them. */
const endless = (atStep: (step: number, children: ReadonlyArray<number>) => Effect.Effect<unknown>) =>
  Effect.provideService(training({ epochs: 100_000 }), Progress, {
    report: ({ done }) => Effect.suspend(() => Effect.asVoid(atStep(done, runtimesOf(process.pid))))
  }).pipe(Effect.provide(runtime(3)))

describe.skipIf(process.platform !== "linux")("a training in three processes", { timeout: 60_000 }, () => {
  it.live("fails when one is killed at its work, and ends the others", () =>
    Effect.gen(function* () {
      const numbers: Array<number> = []
      const failure = yield* Effect.flip(
        endless((step, children) => {
          if (step !== 3) return Effect.void
          numbers.push(...children)
          const kill = Effect.sync(() => process.kill(children[1] ?? NaN, "SIGKILL"))
          return Effect.forkDetach(Effect.delay(kill, "20 millis"))
        })
      )
      assert.strictEqual(failure._tag, "ProcessLost")
      assert.deepInclude(failure, { exitCode: null, signal: "SIGKILL" })
      assert.lengthOf(numbers, 3)
      assert.deepStrictEqual(runtimesOf(process.pid), [])
    })
  )

  it.live("that is interrupted ends, and all of them with it", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<ReadonlyArray<number>>()
      const fiber = yield* Effect.forkChild(
        endless((step, children) => (step === 3 ? Deferred.succeed(started, children) : Effect.void))
      )
      assert.lengthOf(yield* Deferred.await(started), 3)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(runtimesOf(process.pid), [])
    })
  )
})
