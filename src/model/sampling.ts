/** How the next token is chosen from logits. */
import { uniform } from "./random.ts"

/** Draws instead of taking the likeliest token. */
export interface Sampling {
  /** Logits are divided by it. */
  readonly temperature: number
  /** Only the likeliest k tokens; null: all. */
  readonly topK: number | null
  /** Only the likeliest tokens that together reach this probability (Holtzman et al., 2020); null: all. */
  readonly topP: number | null
}

/**
 * CTRL's repetition penalty (Keskar et al., 2019) as Hugging Face applies it: logits of tokens seen before are divided
 * by the penalty if positive and multiplied if negative. Changes `logits` in place.
 */
export const penalizeRepetition = (logits: Float32Array, seen: Iterable<number>, penalty: number): void => {
  if (penalty === 1) return
  for (const token of new Set(seen)) {
    const logit = logits[token] ?? 0
    logits[token] = logit < 0 ? logit * penalty : logit / penalty
  }
}

/** The likeliest token; the first of several. */
export const argmax = (logits: Float32Array): number => {
  let best = 0
  for (let token = 1; token < logits.length; token++) {
    if ((logits[token] ?? -Infinity) > (logits[best] ?? -Infinity)) best = token
  }
  return best
}

/** A token drawn by number `counter` of the random stream `key`. */
export const sample = (
  logits: Float32Array,
  { temperature, topK, topP }: Sampling,
  key: number,
  counter: number
): number => {
  const order = Array.from(logits.keys())
    .toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0) || a - b)
    .slice(0, topK ?? undefined)
  const largest = logits[order[0] ?? 0] ?? 0
  const weights = order.map((token) => Math.exp(((logits[token] ?? 0) - largest) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  // A token belongs to the nucleus if those before it have not reached its share yet: the likeliest always does.
  const nucleus: Array<number> = []
  let reached = 0
  for (const weight of weights) {
    if (topP !== null && nucleus.length > 0 && reached >= topP * total) break
    nucleus.push(weight)
    reached += weight
  }
  let left = uniform(key, counter) * reached
  const drawn = nucleus.findIndex((weight) => (left -= weight) < 0)
  return order[drawn < 0 ? nucleus.length - 1 : drawn] ?? 0
}
