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
  where
} from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { recompute } from "../graph/recompute.ts"
import { inFloat32 } from "./precision.ts"

/** Keys and values of one layer, [sequences, heads, length, size]. */
export interface KeyValue {
  readonly key: Tensor
  readonly value: Tensor
}

/** What sequences follow: tokens whose keys and values are computed already. */
export interface Past {
  /** Of every layer. A single sequence stands for all, where all follow the same tokens. */
  readonly keyValues: ReadonlyArray<KeyValue>
  /** [sequences, past], int32: -1 where the cache holds no token, else 0. */
  readonly segment: Tensor
}

/** Keys as their product with queries reads them, [sequences, heads, size, length], and the way back. */
export const turned = (key: Tensor): Tensor => transpose(key, [0, 1, 3, 2])

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
  const scores = matmul(mul(grouped, 1 / Math.sqrt(size)), unsqueeze(turned(key), 2))
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

/** Keys and values of what sequences follow, before their own. */
const following = (past: KeyValue, own: KeyValue): KeyValue => {
  const join = (before: Tensor, x: Tensor, axis: number): Tensor => {
    const [sequences = 1] = x.shape
    return concat([expand(before, [sequences, ...before.shape.slice(1)]), x], axis)
  }
  return { key: turned(join(turned(past.key), turned(own.key), 3)), value: join(past.value, own.value, 2) }
}

/** The bias of sequences whose own is [sequences, 1, length, length], and who see all tokens that they follow. */
const biasAfter = (segment: Tensor, own: Tensor): Tensor => {
  const [, past = 0] = segment.shape
  const before = unsqueeze(unsqueeze(bias(equal(segment, 0)), 1), 1)
  return concat([expand(before, own.shape.with(3, past)), own], 3)
}

/**
 * Attention among the tokens of a batch, each sequence for itself and after its `past`, if it has one: keys and values are
 * then those of both. `size` is the size of a head.
 */
export const packedAttention = (layout: Layout, size: number, past?: Past): Attend => {
  const own = branchBias(layout.segment)
  const scoreBias = past === undefined ? own : biasAfter(past.segment, own)
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
    const own = { key: padded(key), value: padded(value) }
    const before = past?.keyValues[layer]
    const visible = before === undefined ? own : following(before, own)
    // What is quadratic in the length is not kept for the gradient: it grows fast, and is soon computed again.
    const output = recompute((query) => weighted(query, visible, size, scoreBias), padded(query))
    const { index, inverse } = placesOf(query)
    // Padding sees tokens: its gradient must be zero, or it would reach their keys and values.
    return { ...visible, output: gatherRows(output, { index: inverse, gaps: false }, { index, gaps: true }) }
  }
}
