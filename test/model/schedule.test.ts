/** Learning rates of each schedule, step by step. */
import { assert, describe, it } from "@effect/vitest"
import { learningRateAt } from "../../src/model/schedule.ts"
import type { TrainingOptions } from "../../src/model/TrainingOptions.ts"

const rates = (schedule: TrainingOptions["schedule"], warmup: TrainingOptions["warmup"], total: number) =>
  Array.from({ length: total }, (_, step) => learningRateAt({ schedule, warmup, learningRate: 1 }, step, total))

describe("a schedule", () => {
  it("rises over the warm-up and falls to zero after the last step", () => {
    assert.deepStrictEqual(rates("linear", { steps: 2 }, 6), [0, 0.5, 1, 0.75, 0.5, 0.25])
    assert.deepStrictEqual(rates("linear", { steps: 0 }, 4), [1, 0.75, 0.5, 0.25])
  })

  it("stays, where it is constant", () => {
    assert.deepStrictEqual(rates("constant", { ratio: 0.5 }, 4), [0, 0.5, 1, 1])
  })

  it("has the first step at the full rate and lags by two under DeepSpeed 0.8.3", () => {
    assert.deepStrictEqual(rates("deepspeed-0.8.3", { steps: 2 }, 6), [1, 0, 0, 0.5, 1, 0.75])
  })
})
