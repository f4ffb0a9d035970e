/** Learning rates by step. */
import type { TrainingOptions } from "./TrainingOptions.ts"

/** The rate as a fraction of its peak at step `step` of `total`, counted from 0. */
type Shape = (step: number, warmup: number, total: number) => number

const risingLine = (step: number, warmup: number): number => step / warmup

const risingLogarithm = (step: number, warmup: number): number => (1 / Math.log(warmup)) * Math.log(step + 1)

/** Up over the warm-up, then down to 0 after the last step. */
const upAndDown =
  (rising: (step: number, warmup: number) => number): Shape =>
  (step, warmup, total) =>
    step < warmup ? rising(step, warmup) : Math.max(0, (total - step) / Math.max(1, total - warmup))

/**
 * DeepSpeed's `WarmupDecayLR`, whose warm-up has at least two steps. Its engine moves the schedule after the optimiser,
 * which has the full rate before: so does the first update, and every later one lags by one.
 */
const warmupDecay =
  (shape: Shape): Shape =>
  (step, warmup, total) =>
    step === 0 ? 1 : shape(step - 1, Math.max(2, warmup), total)

const shapes: { readonly [S in TrainingOptions["schedule"]]: Shape } = {
  linear: upAndDown(risingLine),
  constant: (step, warmup) => (step < warmup ? risingLine(step, warmup) : 1),
  "deepspeed-0.8.3": warmupDecay(upAndDown(risingLine)),
  "deepspeed-0.8.3-log": warmupDecay(upAndDown(risingLogarithm))
}

/** Steps of warm-up: a count, or a share of all steps rounded up. */
export const warmupSteps = ({ warmup }: Pick<TrainingOptions, "warmup">, total: number): number =>
  "steps" in warmup ? warmup.steps : Math.ceil(warmup.ratio * total)

/** The learning rate of optimiser step `step` of `total`, counted from 0. */
export const learningRateAt = (
  options: Pick<TrainingOptions, "schedule" | "warmup" | "learningRate">,
  step: number,
  total: number
): number => options.learningRate * shapes[options.schedule](step, warmupSteps(options, total), total)

/** Whether no step's rate depends on how many steps there are. */
export const isOpenEnded = ({ schedule, warmup }: Pick<TrainingOptions, "schedule" | "warmup">): boolean =>
  schedule === "constant" && "steps" in warmup
