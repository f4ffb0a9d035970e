/** Attention of token-major sequences, padded for the products of queries and keys alone. */
import {
  add,
  and,
  concat,
  constant,
  equal,
  gather,
  gatherRows,
  greater,
  less,
  matmul,
  mul,
  not,
  or,
  range,
  reshape,
  softmax,
  transpose,
  unsqueeze,
  where
} from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { recompute } from "../graph/recompute.ts"

/** Keys and values of one layer, [sequences, heads, length, size]. */
export interface KeyValue {
  readonly key: Tensor
  readonly value: Tensor
}

/**
 * Attention of one layer: queries [tokens, heads, size] → output of the same shape. Keys and values have as many
 * heads or fewer, each then shared by a run of neighbouring query heads (Ainslie et al., 2023).
 */
export type Attend = (
  layer: number,
  query: Tensor,
  key: Tensor,
  value: Tensor
) => KeyValue & { readonly output: Tensor }

/** How tokens lie in padded sequences; all int32. */
export interface Layout {
  /** [sequences, length]: the token at each place, -1 at padding. */
  readonly index: Tensor
  /** [tokens]: the place of each token. */
  readonly inverse: Tensor
  /** [sequences, length]: -1 padding, 0 what the whole sequence shares, i > 0 its branch i. */
  readonly segment: Tensor
}

/** Added to scores that do not count: exp gives exactly 0, and unlike infinity it cannot make a NaN. */
const hidden = -3.4e38

/** What may be seen becomes 0, the rest `hidden`. */
const bias = (visible: Tensor): Tensor => where(visible, 0, hidden)

/**
 * A token sees those before it, and itself, that are shared or of its own branch: [sequences, 1, length, length].
 * Padding is a branch of its own, so it sees itself and nobody sees it.
 */
const branchBias = (segment: Tensor): Tensor => {
  const [, length] = segment.shape
  if (length === undefined) throw new Error("internal: segments without a length")
  const position = range(length)
  const ofKey = unsqueeze(segment, 1)
  const causal = not(greater(unsqueeze(position, 0), unsqueeze(position, 1)))
  const visible = and(causal, or(equal(ofKey, 0), equal(ofKey, unsqueeze(segment, 2))))
  return unsqueeze(bias(visible), 1)
}

/** softmax(query keyᵀ / sqrt(size) + bias) value, per sequence and head. */
const weighted = (query: Tensor, keyValue: KeyValue, size: number, scoreBias: Tensor): Tensor => {
  const key = forHeadsOf(query, keyValue.key)
  const value = forHeadsOf(query, keyValue.value)
  const scores = matmul(mul(query, 1 / Math.sqrt(size)), transpose(key, [0, 1, 3, 2]))
  return matmul(softmax(add(scores, scoreBias)), value)
}

/** Keys or values [sequences, heads, length, size], each head repeated for the query heads that share it. */
const forHeadsOf = (query: Tensor, x: Tensor): Tensor => {
  const [, heads] = query.shape
  const [, shared] = x.shape
  if (typeof heads !== "number" || typeof shared !== "number") throw new Error("internal: a named number of heads")
  if (heads === shared) return x
  return gather(
    x,
    constant(
      "int32",
      [heads],
      Int32Array.from({ length: heads }, (_, head) => Math.floor((head * shared) / heads))
    ),
    1
  )
}

/** Attention among the tokens of a batch, each sequence for itself. `size` is the size of a head. */
export const packedAttention = ({ index, inverse, segment }: Layout, size: number): Attend => {
  const places = { index, gaps: true }
  const tokens = { index: inverse, gaps: false }
  const scoreBias = branchBias(segment)
  const padded = (x: Tensor): Tensor => transpose(gatherRows(x, places, tokens), [0, 2, 1, 3])
  return (_, query, key, value) => {
    const keyValue = { key: padded(key), value: padded(value) }
    // What is quadratic in the length is not kept for the gradient: it grows fast, and is soon computed again.
    const output = recompute((query) => weighted(query, keyValue, size, scoreBias), padded(query))
    return { ...keyValue, output: gatherRows(transpose(output, [0, 2, 1, 3]), tokens, places) }
  }
}

/**
 * Attention of one new token per sequence to those before it, kept in `past`, and itself.
 * `segment` [sequences, past+1] is -1 at places that hold no token.
 */
export const cachedAttention = (past: ReadonlyArray<KeyValue>, segment: Tensor, size: number): Attend => {
  const scoreBias = unsqueeze(unsqueeze(bias(not(less(segment, 0))), 1), 1)
  return (layer, query, key, value) => {
    const before = past[layer]
    if (before === undefined) throw new Error(`internal: no cache for layer ${layer}`)
    const keyValue = {
      key: concat([before.key, unsqueeze(key, 2)], 2),
      value: concat([before.value, unsqueeze(value, 2)], 2)
    }
    const output = weighted(unsqueeze(query, 2), keyValue, size, scoreBias)
    return { ...keyValue, output: reshape(output, query.shape) }
  }
}
