/** A training log in a few figures and in one sentence. */
import type { TrainingLog } from "../pipeline/Measurement.ts"
import { count, number } from "./format.ts"

export interface TrainingSummary {
  readonly steps: number
  readonly tokens: number
  readonly firstLoss: number | null
  readonly lastLoss: number | null
  /** The validation with the lowest loss. */
  readonly bestValidation: TrainingLog["validation"][number] | null
  readonly lastValidation: TrainingLog["validation"][number] | null
}

/** The log's ends and its best point. */
export const summarize = ({ steps, validation }: TrainingLog): TrainingSummary => ({
  steps: steps.length,
  tokens: steps.reduce((sum, { tokens }) => sum + tokens, 0),
  firstLoss: steps[0]?.loss ?? null,
  lastLoss: steps.at(-1)?.loss ?? null,
  bestValidation: validation.reduce<TrainingSummary["bestValidation"]>(
    (best, point) => (best === null || point.loss < best.loss ? point : best),
    null
  ),
  lastValidation: validation.at(-1) ?? null
})

/** What a reader of the curve would see. */
export const describe = (log: TrainingLog): string => {
  const { bestValidation, firstLoss, lastLoss } = summarize(log)
  if (firstLoss === null || lastLoss === null) return "No step was taken."
  const [first, last] = [log.steps[0]?.step ?? 0, log.steps.at(-1)?.step ?? 0]
  const course =
    `Training loss goes from ${number(firstLoss, "quantity")} at step ${count(first)} to ` +
    `${number(lastLoss, "quantity")} at step ${count(last)}.`
  if (bestValidation === null) return course
  return (
    `${course} The lowest validation loss is ${number(bestValidation.loss, "quantity")}, ` +
    `after step ${count(bestValidation.step)}.`
  )
}
