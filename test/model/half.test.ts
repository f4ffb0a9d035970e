/** Training in float16 goes with PEFT's in float16, nearer than float32 does, and skips the steps that overflow. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { AdapterTensors } from "../../src/model/lora.ts"
import { nextLossScale, firstLossScale } from "../../src/model/lossScale.ts"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { readSafetensors } from "../../src/model/weights/safetensors.ts"
import { Checkpoints } from "../../src/pipeline/Checkpoints.ts"
import type { ModelReader } from "../../src/pipeline/Reader.ts"
import { folderReader, goldenFolder, goldenModel, goldenText, reference, Runtime } from "./support.ts"
import { adapterOf, table } from "./trainingSupport.ts"

const Numbers = Schema.Array(Schema.Finite)
const Course = Schema.Struct({ losses: Numbers, gradientNorms: Numbers, scales: Numbers })
const Courses = Schema.Struct({ float16: Course, float32: Course })
const expected = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Struct({ parallel: Courses, llama: Courses })))(
  goldenText("half", "reference.json")
)

const steps = 20
/** The settings of test/reference/halves.py. */
const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 4,
  alpha: 16,
  targets: ["query_key_value"],
  dropout: 0,
  epochs: 1,
  batchSize: 6,
  learningRate: 5e-3,
  shuffle: false,
  precision: "float16",
  seed: 1
}

const rowsOf = (name: "parallel" | "llama", count = steps * options.batchSize) => {
  const { rows } = reference(name)
  return Array.from({ length: count }, (_, row) => rows[row % rows.length] ?? [])
}

/** Root mean square of the differences. */
const apart = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  a.length === b.length
    ? Math.hypot(...a.map((value, index) => value - (b[index] ?? NaN))) / Math.sqrt(a.length)
    : Infinity

const initial = adapterOf(goldenFolder("parallel", "initial"))

/** The golden model with an output layer so steep that gradients overflow, though no logit does. */
const steepModel = Effect.fn("steepModel")(function* () {
  const { base } = goldenModel("parallel")
  const file = "model.safetensors"
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "tanren-test-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  const output = (yield* readSafetensors(base, file)).get("embed_out.weight")
  if (output === undefined) return assert.fail("the model has no output layer of its own")
  const bytes = (yield* base.bytes(file)).slice()
  const view = new DataView(bytes.buffer, output.offset, output.length)
  for (let at = 0; at < output.length; at += 4) view.setFloat32(at, 256 * view.getFloat32(at, true), true)
  writeFileSync(join(folder, file), bytes)
  writeFileSync(join(folder, "config.json"), yield* base.bytes("config.json"))
  const reader: ModelReader = { base: folderReader(folder), adapters: [] }
  return reader
})

const steepTraining = Effect.fn("steepTraining")(function* (count: number, first: AdapterTensors) {
  return yield* train({
    model: yield* steepModel(),
    rows: table(rowsOf("parallel", count * options.batchSize)),
    validation: null,
    options,
    initial: first
  })
})

layer(Runtime)("training in float16", (it) => {
  for (const name of ["parallel", "llama"] as const) {
    it.effect(`has the course of PEFT on a base in float16: ${name}`, () =>
      Effect.gen(function* () {
        const { float16, float32 } = expected[name]
        const { rows } = reference(name)
        const { log } = yield* train({
          model: goldenModel(name),
          rows: table(rowsOf(name)),
          validation: table(rows.slice(0, 5)),
          options: { ...options, targets: name === "llama" ? ["q_proj", "v_proj"] : options.targets },
          initial: yield* adapterOf(goldenFolder(name, "initial"))
        })
        const losses = log.steps.map(({ loss }) => loss)
        const norms = log.steps.map(({ gradientNorm }) => gradientNorm ?? NaN)
        assert.isBelow(apart(losses, float16.losses), 4e-4)
        // Rounding at other places moves a loss; float32 is another course altogether.
        assert.isBelow(3 * apart(losses, float16.losses), apart(losses, float32.losses))
        assert.isBelow(apart(norms, float16.gradientNorms), 4e-3)
        assert.deepStrictEqual(
          log.steps.map(({ lossScale }) => lossScale ?? NaN),
          [...float16.scales]
        )
        assert.lengthOf(log.validation, 1)
      })
    )
  }

  it.effect("keeps its bits when layers are recomputed", () =>
    Effect.gen(function* () {
      const run = (recomputation: TrainingOptions["recomputation"]) =>
        train({
          model: goldenModel("parallel"),
          rows: table(rowsOf("parallel", 12)),
          validation: null,
          options: { ...options, dropout: 0.3, recomputation }
        })
      assert.deepStrictEqual((yield* run("layers")).tensors, (yield* run("none")).tensors)
    })
  )

  it.effect("changes nothing at a step that overflows", () =>
    Effect.gen(function* () {
      const first = yield* initial
      const { log, tensors } = yield* steepTraining(2, first)
      assert.deepStrictEqual(
        log.steps.map(({ gradientNorm, lossScale }) => [gradientNorm, lossScale]),
        [
          [null, 65536],
          [null, 65536]
        ]
      )
      assert.deepStrictEqual(tensors, first)
    })
  )

  it.effect("goes on from the state after any of its steps, skipped or taken, with the scale that it had there", () =>
    Effect.gen(function* () {
      const first = yield* initial
      const run = Effect.fnUntraced(function* (from: Uint8Array | null) {
        const states: Array<Uint8Array> = []
        const trained = yield* steepTraining(8, first).pipe(
          Effect.provideService(Checkpoints, {
            resume: (_total, read) => Effect.sync(() => (from === null ? null : read(from))),
            offer: (_done, _total, state) =>
              Effect.map(state, (pieces) => void states.push(new Uint8Array(Buffer.concat(pieces))))
          })
        )
        return { states, log: trained.log, tensors: trained.tensors }
      })
      const undisturbed = yield* run(null)
      const skipped = undisturbed.log.steps.filter(({ gradientNorm }) => gradientNorm === null).length
      assert.isTrue(skipped > 1 && skipped < 8)
      for (const [index, state] of undisturbed.states.entries()) {
        const { states, ...end } = yield* run(state)
        assert.deepStrictEqual(end, { log: undisturbed.log, tensors: undisturbed.tensors })
        assert.deepStrictEqual(states, undisturbed.states.slice(index + 1))
      }
    })
  )

  it.effect("lowers the scale until gradients fit; schedule and optimiser count the steps taken", () =>
    Effect.gen(function* () {
      const { log } = yield* steepTraining(steps, yield* initial)
      let scale = firstLossScale
      for (const { gradientNorm, learningRate, lossScale } of log.steps) {
        assert.strictEqual(lossScale, scale.scale)
        assert.closeTo(learningRate, (options.learningRate * (steps - scale.taken)) / steps, 1e-12)
        scale = nextLossScale(scale, gradientNorm === null)
      }
      assert.isTrue(scale.taken > 0 && scale.taken < steps)
      assert.isNotNull(log.steps.at(-1)?.gradientNorm)
    })
  )
})
