/** Attention of token-major sequences, padded for the products of queries and keys alone. */
import {
  add,
  and,
  cast,
  concat,
  dimension,
  div,
  equal,
  expand,
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
  where,
  zeros
} from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { recompute } from "../graph/recompute.ts"
import { inFloat32 } from "./precision.ts"

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

/**
 * softmax(query keyᵀ / sqrt(size) + bias) value, per sequence and head. Query heads that share a key and a value are
 * an axis along which these are broadcast: they are never copied.
 */
const weighted = (query: Tensor, { key, value }: KeyValue, size: number, scoreBias: Tensor): Tensor => {
  const [sequences, heads, length] = query.shape
  const [, shared] = key.shape
  if (sequences === undefined || length === undefined) throw new Error("internal: queries without axes")
  if (typeof heads !== "number" || typeof shared !== "number") throw new Error("internal: a named number of heads")
  const grouped = reshape(query, [sequences, shared, heads / shared, length, size])
  const scores = matmul(mul(grouped, 1 / Math.sqrt(size)), transpose(unsqueeze(key, 2), [0, 1, 2, 4, 3]))
  const weights = inFloat32(scores, (scores) => softmax(add(scores, unsqueeze(scoreBias, 1))))
  return reshape(matmul(weights, unsqueeze(value, 2)), query.shape)
}

/** Where each head of each token lies among the places [sequences, heads, length], and the way back. */
const headPlaces = ({ index, inverse }: Layout, heads: number) => {
  const head = range(heads)
  const token = unsqueeze(index, 1)
  const length = cast(dimension(index, 1), "int32")
  const before = mul(mul(div(inverse, length), length), heads - 1)
  return {
    /** [sequences, heads, length]: the row of [tokens, heads] at each place, -1 at padding. */
    index: where(less(token, 0), -1, add(mul(token, heads), unsqueeze(head, 1))),
    /** [tokens, heads]: the place of each row. */
    inverse: add(unsqueeze(add(inverse, before), 1), mul(head, length))
  }
}

/** Keys and values of what all sequences follow, [1, heads, prefix, size], before those of each. */
const following = (prefix: KeyValue, own: KeyValue): KeyValue => {
  const join = (shared: Tensor, x: Tensor): Tensor => {
    const [sequences = 1] = x.shape
    return concat([expand(shared, [sequences, ...shared.shape.slice(1)]), x], 2)
  }
  return { key: join(prefix.key, own.key), value: join(prefix.value, own.value) }
}

/** The bias of sequences [sequences, 1, length, length] that all follow, and see, the same prefix. */
const biasAfter = ({ key }: KeyValue, own: Tensor): Tensor => {
  const [, , prefix = 0] = key.shape
  return concat([zeros(own.element, own.shape.with(3, prefix)), own], 3)
}

/**
 * Attention among the tokens of a batch, each sequence for itself. `size` is the size of a head. All sequences follow
 * the tokens of `prefix`, if it is given: keys and values of every layer, [1, heads, prefix, size].
 */
export const packedAttention = (layout: Layout, size: number, prefix: ReadonlyArray<KeyValue> = []): Attend => {
  const [first] = prefix
  const own = branchBias(layout.segment)
  const scoreBias = first === undefined ? own : biasAfter(first, own)
  const places = new Map<number, ReturnType<typeof headPlaces>>()
  const placesOf = (x: Tensor) => {
    const [, heads] = x.shape
    if (typeof heads !== "number") throw new Error("internal: a named number of heads")
    const known = places.get(heads) ?? headPlaces(layout, heads)
    places.set(heads, known)
    return known
  }
  // What stands at padding is any row: no token sees it, and what it computes itself is not read.
  const padded = (x: Tensor): Tensor => {
    const { index, inverse } = placesOf(x)
    return gatherRows(x, { index, gaps: false }, { index: inverse, gaps: false })
  }
  return (layer, query, key, value) => {
    const keyValue = { key: padded(key), value: padded(value) }
    const before = prefix[layer]
    const visible = before === undefined ? keyValue : following(before, keyValue)
    // What is quadratic in the length is not kept for the gradient: it grows fast, and is soon computed again.
    const output = recompute((query) => weighted(query, visible, size, scoreBias), padded(query))
    const { index, inverse } = placesOf(query)
    // Padding sees tokens: its gradient must be zero, or it would reach their keys and values.
    return { ...keyValue, output: gatherRows(output, { index: inverse, gaps: false }, { index, gaps: true }) }
  }
}

/**
 * `weighted` for one query a sequence, [sequences, heads, size]. The cache is read as it lies: what is transposed is the
 * query and its scores, which are small.
 */
const weightedOne = (query: Tensor, { key, value }: KeyValue, size: number, scoreBias: Tensor): Tensor => {
  const [sequences, heads] = query.shape
  const [, shared] = key.shape
  if (sequences === undefined) throw new Error("internal: queries without axes")
  if (typeof heads !== "number" || typeof shared !== "number") throw new Error("internal: a named number of heads")
  const grouped = reshape(mul(query, 1 / Math.sqrt(size)), [sequences, shared, heads / shared, size])
  const scores = transpose(matmul(key, transpose(grouped, [0, 1, 3, 2])), [0, 1, 3, 2])
  const weights = inFloat32(scores, (scores) => softmax(add(scores, scoreBias)))
  return reshape(matmul(weights, value), query.shape)
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
    const output = weightedOne(query, keyValue, size, scoreBias)
    return { ...keyValue, output }
  }
}
