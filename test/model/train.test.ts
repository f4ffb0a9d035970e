/** Training gives the losses, norms and adapter of PEFT and torch, and depends on nothing that it should not. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { agree } from "../agreement/agreement.ts"
import { distance, goldenFolder, goldenModel, memoryReader, reference, Runtime } from "./support.ts"
import { adapterOf, agreeOnCourse, relativeDistance, table, valuesOf } from "./trainingSupport.ts"

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

layer(Runtime)("training", (it) => {
  const trainings = [
    ["parallel", "token"],
    ["parallel", "micro-batch"],
    ["llama", "token"]
  ] as const
  for (const [name, lossNormalization] of trainings) {
    it.effect(`follows PEFT and torch: ${name}, loss per ${lossNormalization}`, () =>
      Effect.gen(function* () {
        const { rows, training } = reference(name)
        const targets = name === "llama" ? ["q_proj", "v_proj"] : options.targets
        const expected = training?.[lossNormalization]
        if (expected === undefined) return assert.fail("the reference has no training")
        const { files, log, tensors } = yield* train({
          model: goldenModel(name),
          rows: table(rows),
          validation: table(rows.slice(0, 5)),
          options: { ...options, targets, lossNormalization },
          initial: yield* adapterOf(goldenFolder(name, "initial"))
        })
        const course = `24 steps of ${name === "llama" ? "LLaMA" : "GPT-NeoX"}, loss per ${lossNormalization}`
        agreeOnCourse(course, "torch", log, expected)
        agree(
          { tool: "torch", what: `${course}: validation loss`, within: 1e-4 },
          log.validation.map(({ loss }) => loss),
          [expected.validation]
        )
        const trained = yield* adapterOf(goldenFolder(name, `trained-${lossNormalization}`))
        agree(
          { tool: "peft", what: `${course}: adapter`, within: 1e-3, measure: "of the norm" },
          valuesOf(tensors),
          valuesOf(trained)
        )
        assert.strictEqual(relativeDistance(yield* adapterOf(memoryReader(files)), tensors), 0)
      })
    )
  }

  it.effect("depends neither on how rows are grouped, with dropout, nor on what validates it", () =>
    Effect.gen(function* () {
      const { rows } = reference("parallel")
      const run = (microBatchTokens: number, validation: boolean) =>
        train({
          model: goldenModel("parallel"),
          rows: table(rows),
          validation: validation ? table(rows.slice(0, 2)) : null,
          options: { ...options, epochs: 2, dropout: 0.3, shuffle: true, validateEvery: 2, microBatchTokens }
        })
      const [small, large, again] = yield* Effect.all([run(1, false), run(10_000, true), run(10_000, false)])
      assert.isBelow(
        distance(
          small.log.steps.map(({ loss }) => loss),
          large.log.steps.map(({ loss }) => loss)
        ),
        1e-5
      )
      assert.isBelow(relativeDistance(small.tensors, large.tensors), 1e-4)
      assert.strictEqual(relativeDistance(large.tensors, again.tensors), 0)
      assert.deepStrictEqual(
        large.log.validation.map(({ step }) => step),
        [2, 4, 6]
      )
    })
  )

  for (const name of ["parallel", "sequential", "llama"] as const) {
    it.effect(`gives the same bits when layers are recomputed: ${name}`, () =>
      Effect.gen(function* () {
        const { rows } = reference(name)
        const targets = name === "llama" ? ["q_proj", "v_proj", "down_proj"] : ["query_key_value", "dense"]
        const run = (recomputation: TrainingOptions["recomputation"]) =>
          train({
            model: goldenModel(name),
            rows: table(rows),
            validation: null,
            options: { ...options, targets, epochs: 2, dropout: 0.3, recomputation }
          })
        const [kept, again] = yield* Effect.all([run("none"), run("layers")])
        assert.deepStrictEqual(again.log, kept.log)
        assert.deepStrictEqual(again.tensors, kept.tensors)
      })
    )
  }

  it.effect("stacks a fresh adapter on those that the model has", () =>
    Effect.gen(function* () {
      const { rows, training } = reference("parallel")
      const { log } = yield* train({
        model: goldenModel("parallel", "trained-token"),
        rows: table(rows.slice(0, 5)),
        validation: null,
        options: { ...options, epochs: 1, batchSize: 5 }
      })
      assert.closeTo(log.steps[0]?.loss ?? NaN, training?.token.validation ?? NaN, 1e-4)
    })
  )

  it.effect("stops at the step whose loss is no number, and says where", () =>
    Effect.gen(function* () {
      const { rows } = reference("parallel")
      const failure = yield* Effect.flip(
        train({
          model: goldenModel("parallel"),
          rows: table(rows),
          validation: null,
          options: { ...options, learningRate: 1e30, schedule: "constant", warmup: { steps: 0 }, maxGradientNorm: null }
        })
      )
      assert.match(failure.message, /diverged at step 2: .*learning rate 1e\+30, with rows 6, 7, 8/)
    })
  )

  it.effect("refuses rows that do not fit, and settings that cannot be meant", () =>
    Effect.gen(function* () {
      const refusal = (rows: ReadonlyArray<ReadonlyArray<number>>, changes: Partial<TrainingOptions>) =>
        Effect.map(
          Effect.flip(
            train({
              model: goldenModel("parallel"),
              rows: table(rows),
              validation: null,
              options: { ...options, ...changes }
            })
          ),
          ({ message }) => message
        )
      assert.match(
        yield* refusal([Array.from({ length: 49 }, () => 1)], {}),
        /Row 0.*49 tokens, the model 48 positions/
      )
      assert.match(yield* refusal([[1, 64]], {}), /token 64 is not among its 64/)
      assert.match(yield* refusal([[1]], {}), /nothing to learn/)
      assert.match(yield* refusal([], {}), /"rows" is an empty table/)
      assert.match(yield* refusal([[1, 2]], { dropout: 1 }), /"dropout" is 1/)
      assert.match(yield* refusal([[1, 2]], { targets: ["q_proj"] }), /"q_proj"/)
    })
  )
})
