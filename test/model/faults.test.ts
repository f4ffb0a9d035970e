/** A training that fails or is stopped ends at once, says why and leaves no process behind; its memory stays flat. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { readSafetensors } from "../../src/model/weights/safetensors.ts"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { Progress, type ProgressReport } from "../../src/pipeline/Progress.ts"
import { Int32s } from "../../src/table/RowSchema.ts"
import { isRunning, peakMemoryOf, runtimesOf } from "../runtime/processes.ts"
import { folderReader, goldenModel, reference, Runtime, tableReader } from "./support.ts"

const Row = Schema.Struct({ ids: Int32s, promptTokens: Schema.Int })
const table = (rows: ReadonlyArray<ReadonlyArray<number>>) =>
  tableReader(
    rows.map((row) => ({ ids: Int32Array.from(row), promptTokens: 1 })),
    Row
  )

const weights = "model.safetensors"
const { rows } = reference("parallel")

const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 4,
  alpha: 16,
  targets: ["query_key_value"],
  epochs: 1000,
  batchSize: 6,
  learningRate: 1e-3,
  shuffle: false,
  seed: 1
}

const training = (changes: Partial<TrainingOptions>, data = rows, model = goldenModel("parallel")) =>
  train({ model, rows: table(data), validation: null, options: { ...options, ...changes } })

/** The golden model, with a vector for `token` that is not a number. */
const modelWithout = Effect.fn("modelWithout")(function* (token: number) {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tanren-test-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  const { base } = goldenModel("parallel")
  const embedding = (yield* readSafetensors(base, weights)).get("gpt_neox.embed_in.weight")
  const bytes = (yield* base.bytes(weights)).slice()
  const [, width = NaN] = embedding?.shape ?? []
  new DataView(bytes.buffer).setFloat32((embedding?.offset ?? NaN) + 4 * token * width, NaN, true)
  writeFileSync(join(folder, weights), bytes)
  writeFileSync(join(folder, "config.json"), yield* base.bytes("config.json"))
  return { base: folderReader(folder), adapters: [] }
})

/** What a test does at each step of a training, given the process that computes it. */
type AtStep = (step: number, child: number) => Effect.Effect<unknown>

/** Watches a training from outside. */
const watched = <A, E, R>(run: Effect.Effect<A, E, R>, atStep: AtStep) =>
  Effect.suspend(() => {
    const before = new Set(runtimesOf(process.pid))
    const report = ({ done }: ProgressReport) =>
      Effect.suspend(() => {
        const [child = -1] = runtimesOf(process.pid).filter((processId) => !before.has(processId))
        return Effect.asVoid(atStep(done, child))
      })
    return Effect.provideService(run, Progress, { report })
  })

describe.skipIf(process.platform !== "linux")("a training", () => {
  it.live("whose process is killed fails with the signal, and the next one trains", () =>
    Effect.gen(function* () {
      const kill: AtStep = (step, child) => Effect.sync(() => step === 3 && process.kill(child, "SIGKILL"))
      const failure = yield* Effect.flip(watched(training({}), kill))
      assert.strictEqual(failure._tag, "ProcessLost")
      assert.deepInclude(failure, { exitCode: null, signal: "SIGKILL" })
      assert.deepStrictEqual(runtimesOf(process.pid), [])
      const { log } = yield* training({ epochs: 1 })
      assert.lengthOf(log.steps, 3)
    }).pipe(Effect.provide(Runtime))
  )

  it.live("that is interrupted ends, and its process with it, without finishing the step", () =>
    Effect.gen(function* () {
      const started = yield* Deferred.make<number>()
      const run = watched(training({}), (step, child) => (step === 3 ? Deferred.succeed(started, child) : Effect.void))
      const fiber = yield* Effect.forkChild(run)
      const child = yield* Deferred.await(started)
      assert.isTrue(isRunning(child))
      yield* Fiber.interrupt(fiber)
      assert.isFalse(isRunning(child))
      assert.deepStrictEqual(runtimesOf(process.pid), [])
    }).pipe(Effect.provide(Runtime))
  )

  it.live("on weights that are no numbers stops at the step that reads them", () =>
    Effect.gen(function* () {
      const learned = new Set(rows.slice(0, 6).flat())
      const token =
        rows
          .slice(6, 12)
          .flat()
          .find((id) => !learned.has(id)) ?? NaN
      const steps: Array<number> = []
      const run = watched(training({}, rows, yield* modelWithout(token)), (step) => Effect.sync(() => steps.push(step)))
      const failure = yield* Effect.flip(run)
      assert.strictEqual(failure._tag, "TrainingDiverged")
      assert.deepInclude(failure, { step: 2, rows: [6, 7, 8, 9, 10, 11], loss: NaN })
      assert.match(failure.message, /step 2: the loss is NaN.*learning rate 0\.000\d+, with rows 6, 7, 8, 9, 10, 11/)
      assert.deepStrictEqual(steps, [1])
      assert.deepStrictEqual(runtimesOf(process.pid), [])
    }).pipe(Effect.provide(Runtime))
  )

  it.live("of fifty steps, no two of one shape, needs no more memory than its largest step", () =>
    Effect.gen(function* () {
      const shapes = Array.from({ length: 50 }, (_, step) =>
        Array.from({ length: 60 }, (_, row) =>
          Array.from({ length: step === 0 ? 48 : 5 + ((step * 7 + row * 13) % 40) }, (_, token) => 1 + token)
        )
      )
      const peaks: Array<number> = []
      const run = watched(training({ epochs: 1, batchSize: 60, microBatchTokens: 4096 }, shapes.flat()), (_, child) =>
        Effect.sync(() => peaks.push(peakMemoryOf(child)))
      )
      yield* run
      assert.lengthOf(peaks, 50)
      assert.isBelow((peaks.at(-1) ?? NaN) - (peaks[0] ?? NaN), 32)
    }).pipe(Effect.provide(Runtime))
  )
})
