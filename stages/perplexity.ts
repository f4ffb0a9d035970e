/** Perplexity out of cross entropies: by example and by token. */
import type { Score } from "../src/pipeline/Measurement.ts"

/** The cross entropy of one row, summed over its tokens, in nats. */
export interface RowLoss {
  readonly loss: number
  readonly tokens: number
}

const sum = (values: ReadonlyArray<number>): number => values.reduce((total, value) => total + value, 0)

/** Standard error of a mean; null for fewer than two values. */
export const standardErrorOfMean = (values: ReadonlyArray<number>): number | null => {
  if (values.length < 2) return null
  const mean = sum(values) / values.length
  const variance = sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1)
  return Math.sqrt(variance / values.length)
}

/**
 * Perplexity where each row weighs the same (exp of the mean of row means), and where each token does (exp of the mean over all
 * tokens). The standard error of the first is that of the mean loss, carried through exp to first order.
 */
export const summarizeLosses = (
  losses: ReadonlyArray<RowLoss>
): { readonly byExample: Score; readonly byToken: Score; readonly tokens: number } => {
  const means = losses.map(({ loss, tokens }) => loss / tokens)
  const tokens = sum(losses.map((row) => row.tokens))
  const example = Math.exp(sum(means) / means.length)
  const error = standardErrorOfMean(means)
  return {
    byExample: {
      name: "perplexity",
      value: example,
      standardError: error === null ? null : example * error,
      better: "lower"
    },
    byToken: {
      name: "perplexity by token",
      value: Math.exp(sum(losses.map(({ loss }) => loss)) / tokens),
      standardError: null,
      better: "lower"
    },
    tokens
  }
}
