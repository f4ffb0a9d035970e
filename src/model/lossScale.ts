/** The factor of the loss by which float16 gradients neither vanish nor overflow: DeepSpeed 0.8.3's DynamicLossScaler. */

/** Between two steps. */
export interface LossScale {
  readonly scale: number
  /** Overflows that lower the scale are the last of this many; growth makes it two again. */
  readonly hysteresis: number
  /** Good steps since the last overflow or growth. */
  readonly good: number
  /**
   * Good steps in all. The optimiser's corrections and the schedule count these alone: DeepSpeed's engine moves neither
   * at a step that is skipped, while its rows have had their turn.
   */
  readonly taken: number
}

const patience = 2
const smallest = 1
/** Good steps in a row after which the scale is doubled. */
const window = 1000

export const firstLossScale: LossScale = { scale: 2 ** 16, hysteresis: patience, good: 0, taken: 0 }

/** Whether the next overflow cannot be answered by a lower scale: DeepSpeed ends the run at it. */
export const isExhausted = ({ hysteresis, scale }: LossScale): boolean => hysteresis === 1 && scale === smallest

const afterOverflow = (before: LossScale): LossScale =>
  before.hysteresis > 1
    ? { ...before, hysteresis: before.hysteresis - 1, good: 0 }
    : { ...before, scale: Math.max(before.scale / 2, smallest), good: 0 }

const afterGood = (before: LossScale): LossScale => {
  const next = { ...before, good: before.good + 1, taken: before.taken + 1 }
  return next.good === window ? { ...next, scale: before.scale * 2, hysteresis: patience, good: 0 } : next
}

/** The scale after one more step. */
export const nextLossScale = (before: LossScale, overflowed: boolean): LossScale =>
  overflowed ? afterOverflow(before) : afterGood(before)

/** The scale after the steps of a log, in which those that were skipped have no gradient norm. */
export const lossScaleAfter = (steps: ReadonlyArray<{ readonly gradientNorm: number | null }>): LossScale =>
  steps.reduce((before, { gradientNorm }) => nextLossScale(before, gradientNorm === null), firstLossScale)
