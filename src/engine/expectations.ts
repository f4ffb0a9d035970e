/** Expectations held against the scores that a run gave. */
import type { Expectation, Experiment } from "../pipeline/Experiment.ts"
import { meets } from "../pipeline/Experiment.ts"

/** One expectation and what came of it; `score` is null when the cell has no result. */
export interface Judged {
  readonly model: string
  readonly measurement: string
  readonly expectation: Expectation
  readonly score: number | null
  readonly met: boolean
}

/** Judges every expectation of an experiment, given the first score of a cell. */
export const judge = (
  experiment: Experiment,
  scoreOf: (model: string, measurement: string) => number | null
): ReadonlyArray<Judged> =>
  Object.entries(experiment.expect).flatMap(([model, row]) =>
    Object.entries(row ?? {}).map(([measurement, expectation]) => {
      const score = scoreOf(model, measurement)
      return { model, measurement, expectation, score, met: score !== null && meets(expectation, score) }
    })
  )

/** What was expected, in words: "within 5 % of 29.9". */
export const describe = (expectation: Expectation): string => {
  switch (expectation.kind) {
    case "atLeast":
      return `at least ${expectation.value}`
    case "atMost":
      return `at most ${expectation.value}`
    case "near":
      return "relative" in expectation.tolerance
        ? `within ${expectation.tolerance.relative * 100} % of ${expectation.value}`
        : `within ${expectation.tolerance.absolute} of ${expectation.value}`
  }
}
