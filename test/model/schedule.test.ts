/** Learning rates of each schedule, step by step. */
import { assert, describe, it } from "@effect/vitest"
import { isOpenEnded, learningRateAt } from "../../src/model/schedule.ts"
import type { TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { agree } from "../agreement/agreement.ts"
import { isDeepStrictEqual } from "node:util"
import schedules from "./golden/schedules.json" with { type: "json" }

const rates = (schedule: TrainingOptions["schedule"], warmup: TrainingOptions["warmup"], total: number, peak = 1) =>
  Array.from({ length: total }, (_, step) => learningRateAt({ schedule, warmup, learningRate: peak }, step, total))

describe("a schedule", () => {
  it("rises over the warm-up and falls to zero after the last step", () => {
    assert.deepStrictEqual(rates("linear", { steps: 2 }, 6), [0, 0.5, 1, 0.75, 0.5, 0.25])
    assert.deepStrictEqual(rates("linear", { steps: 0 }, 4), [1, 0.75, 0.5, 0.25])
  })

  it("stays, where it is constant", () => {
    assert.deepStrictEqual(rates("constant", { ratio: 0.5 }, 4), [0, 0.5, 1, 1])
  })

  it("is open-ended where no rate tells how many steps there will be", () => {
    for (const schedule of ["linear", "constant", "deepspeed-0.8.3", "deepspeed-0.8.3-log"] as const) {
      for (const warmup of [{ steps: 3 }, { ratio: 0.5 }]) {
        const same = isDeepStrictEqual(rates(schedule, warmup, 6), rates(schedule, warmup, 12).slice(0, 6))
        assert.strictEqual(isOpenEnded({ schedule, warmup }), same, `${schedule} ${JSON.stringify(warmup)}`)
      }
    }
  })

  for (const [schedule, warmupType] of [
    ["deepspeed-0.8.3", "linear"],
    ["deepspeed-0.8.3-log", "default"]
  ] as const) {
    it(`has the rates that DeepSpeed's engine and WarmupDecayLR give each update: ${schedule}`, () => {
      for (const { peak, total, warmup, ...reference } of schedules) {
        const found = rates(schedule, { steps: warmup }, total, peak)
        agree(
          { tool: "deepspeed", what: `learning rates of WarmupDecayLR, warm-up ${warmupType}`, within: 1e-15 },
          found,
          reference[warmupType]
        )
      }
    })
  }
})
