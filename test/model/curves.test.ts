/** A hundred optimiser steps stay on the course of PEFT and torch's AdamW, in every number on the way. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { agree } from "../agreement/agreement.ts"
import { distance, goldenFolder, goldenModel, goldenText, Runtime } from "./support.ts"
import { adapterOf, agreeOnCourse, table, valuesOf } from "./trainingSupport.ts"

const Numbers = Schema.Array(Schema.Finite)
const Curve = Schema.Struct({ losses: Numbers, gradientNorms: Numbers, learningRates: Numbers })
const Reference = Schema.fromJsonString(
  Schema.Struct({
    rows: Schema.Array(Numbers),
    curves: Schema.Struct({
      token: Curve,
      "micro-batch": Curve,
      "token-deepspeed": Curve,
      "micro-batch-deepspeed": Curve
    })
  })
)

/** The settings of test/reference/curves.py. */
const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 4,
  alpha: 16,
  targets: ["query_key_value"],
  dropout: 0,
  epochs: 20,
  batchSize: 6,
  microBatchSize: 3,
  microBatchTokens: 40,
  learningRate: 5e-3,
  warmup: { steps: 10 },
  weightDecay: 0.1,
  maxGradientNorm: 1.4,
  shuffle: false,
  seed: 1
}

const cases = {
  token: { lossNormalization: "token", schedule: "linear" },
  "micro-batch": { lossNormalization: "micro-batch", schedule: "linear" },
  "token-deepspeed": { lossNormalization: "token", schedule: "deepspeed-0.8.3" },
  "micro-batch-deepspeed": { lossNormalization: "micro-batch", schedule: "deepspeed-0.8.3" }
} as const

layer(Runtime)("a hundred steps", (it) => {
  const { curves, rows } = Schema.decodeUnknownSync(Reference)(goldenText("curves", "reference.json"))
  for (const name of ["token", "micro-batch", "token-deepspeed", "micro-batch-deepspeed"] as const) {
    const { lossNormalization, schedule } = cases[name]
    it.effect(`have the course of PEFT and torch: loss per ${lossNormalization}, schedule ${schedule}`, () =>
      Effect.gen(function* () {
        const expected = curves[name]
        const { log, tensors } = yield* train({
          model: goldenModel("parallel"),
          rows: table(rows),
          validation: null,
          options: { ...options, lossNormalization, schedule },
          initial: yield* adapterOf(goldenFolder("parallel", "initial"))
        })
        assert.strictEqual(log.steps.length, 100)
        const course = `100 steps, loss per ${lossNormalization}, schedule ${schedule}`
        agreeOnCourse(course, schedule === "linear" ? "torch" : "deepspeed", log, expected)
        agree(
          { tool: "peft", what: `${course}: adapter`, within: 1e-3, measure: "of the norm" },
          valuesOf(tensors),
          valuesOf(yield* adapterOf(goldenFolder("curves", name)))
        )
      })
    )
  }

  it("are told apart by these rows: both losses, and norms on both sides of the largest allowed", () => {
    assert.isAbove(distance(curves.token.losses, curves["micro-batch"].losses), 1e-2)
    const clipped = curves.token.gradientNorms.filter((norm) => norm > 1.4).length
    assert.isTrue(clipped > 20 && clipped < 80)
  })
})
