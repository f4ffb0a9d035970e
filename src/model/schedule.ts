/** Learning rates by step. */
import type { TrainingOptions } from "./TrainingOptions.ts"

/** The rate as a fraction of its peak at step `step` of `total`, counted from 0. */
type Shape = (step: number, warmup: number, total: number) => number

const warmUp = (step: number, warmup: number): number => step / warmup

/** Hugging Face's "linear": up over the warm-up, then down to 0 after the last step. */
const linear: Shape = (step, warmup, total) =>
  step < warmup ? warmUp(step, warmup) : Math.max(0, (total - step) / Math.max(1, total - warmup))

const shapes: { readonly [S in TrainingOptions["schedule"]]: Shape } = {
  linear,
  constant: (step, warmup) => (step < warmup ? warmUp(step, warmup) : 1),
  // DeepSpeed's WarmupDecayLR moves after the optimiser and starts one step before 0: the first update has the full
  // rate, the second none, and every later one lags by two.
  "deepspeed-0.8.3": (step, warmup, total) => (step === 0 ? 1 : step === 1 ? 0 : linear(step - 2, warmup, total))
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
