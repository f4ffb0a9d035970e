/** Cross entropy of the next token, one part of the vocabulary after the other: logits of all of it are never there. */
import {
  add,
  after,
  and,
  cast,
  div,
  exp,
  gather,
  gatherElements,
  gatherRows,
  gemm,
  greater,
  input,
  less,
  linear,
  logSum,
  max,
  maximum,
  mul,
  reshape,
  sub,
  sum,
  unsqueeze,
  where,
  withGradient
} from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { weightRows } from "../graph/weightRows.ts"
import { type Feeds, float32, int32 } from "./packing.ts"
import { widened } from "./precision.ts"

/** A token whose prediction counts: `token` is the place whose hidden state predicts `label`. */
export interface Label {
  readonly token: number
  readonly label: number
  /** Factor of its cross entropy in the loss. */
  readonly weight: number
}

/** Logits that are there at once, 8 MiB in float32: of 512 labels, those of 4,096 tokens of the vocabulary. */
const partElements = 2 ** 21

/** Into how many parts a vocabulary of this size is cut, for the labels of at most `labels` tokens. */
export const partsFor = (labels: number, vocabulary: number): number =>
  Math.min(vocabulary, Math.ceil((labels * vocabulary) / partElements))

/** A part of the vocabulary: its first token, and the rows of the output layer, [size, hidden]. */
interface Part {
  readonly first: number
  readonly size: number
  readonly rows: Tensor
}

/** Parts of one size, but for the last. */
const partsOf = (output: Tensor, parts: number): ReadonlyArray<Part> => {
  const [vocabulary] = output.shape
  if (typeof vocabulary !== "number") throw new Error("internal: an output layer of unknown size")
  const largest = Math.ceil(vocabulary / parts)
  return Array.from({ length: Math.ceil(vocabulary / largest) }, (_, part) => {
    const first = part * largest
    const size = Math.min(largest, vocabulary - first)
    return { first, size, rows: weightRows(output, first, first + size) }
  })
}

/** int32 [labels]: the place of the token that predicts each, and the label. */
const labelInputs = () => ({
  rows: input("rows", "int32", ["labels"]),
  labels: input("labels", "int32", ["labels"])
})

/** Where labels stand in a part: their place, 0 for those of other parts, and whether it is theirs, bool [labels, 1]. */
const placesIn = ({ first, size }: Part, labels: Tensor) => {
  const place = sub(labels, first)
  const inside = and(greater(place, -1), less(place, size))
  return { place: where(inside, place, 0), inside: unsqueeze(inside, 1) }
}

/** What is known of the softmax of each label's row after some parts of the vocabulary, [labels, 1] each. */
interface Tally {
  /** The largest logit. */
  readonly largest: Tensor
  /** The sum of all exponentials of logits less the largest. */
  readonly sums: Tensor
  /** The label's logit, if it was among them. */
  readonly ofLabel: Tensor
}

/**
 * The tally after one more part, the exponentials of that part, [labels, size], and the factor of those before it, which
 * were of logits less another largest one (Milakov and Gimelshein, 2018).
 */
const tallied = (before: Tally | undefined, hidden: Tensor, part: Part, labels: Tensor) => {
  const logits = widened(linear(hidden, part.rows))
  const { inside, place } = placesIn(part, labels)
  const ofLabel = where(inside, gatherElements(logits, unsqueeze(place, 1), 1), before?.ofLabel ?? 0)
  const highest = max(logits, 1, true)
  const largest = before === undefined ? highest : maximum(before.largest, highest)
  const exponentials = exp(sub(after(ofLabel, logits), largest))
  const own = sum(exponentials, 1, true)
  const decay = before === undefined ? undefined : exp(sub(before.largest, largest))
  const sums = before === undefined || decay === undefined ? own : add(mul(before.sums, decay), own)
  // Whoever reads the exponentials waits for their sum: else they might wait for it, those of all parts.
  return { tally: { largest, sums, ofLabel }, exponentials: after(sums, exponentials), decay, inside, place }
}

/** Cross entropies, [labels, 1]. A logarithm of a sum is one of each row; how threads share out rows shows in others. */
const lossesOf = ({ largest, ofLabel, sums }: Tally): Tensor => add(logSum(sums, 1, true), sub(largest, ofLabel))

/**
 * Cross entropies [labels, 1] of hidden states [labels, hidden], and what each would be changed by along its hidden
 * state, [labels, hidden]: the mean of the output layer's rows by their probabilities, less the label's. That is
 * gathered while the exponentials of a part are there.
 */
const differentiated = (hidden: Tensor, parts: ReadonlyArray<Part>, labels: Tensor) => {
  let tally: Tally | undefined
  let weighted: Tensor | undefined
  let ofLabel: Tensor | undefined
  for (const part of parts) {
    // One part after the other: else the logits of all of them would wait for the last one.
    const now = weighted === undefined ? hidden : after(weighted, hidden)
    const { decay, exponentials, inside, place, tally: next } = tallied(tally, now, part, labels)
    const own = widened(gemm(cast(exponentials, part.rows.element), part.rows))
    weighted = weighted === undefined || decay === undefined ? own : add(mul(weighted, decay), own)
    const rows = widened(gather(part.rows, after(next.sums, place)))
    ofLabel = ofLabel === undefined ? rows : where(inside, rows, ofLabel)
    tally = next
  }
  if (tally === undefined || weighted === undefined || ofLabel === undefined) throw new Error("internal: no vocabulary")
  return { losses: lossesOf(tally), slopes: sub(div(weighted, tally.sums), ofLabel) }
}

/**
 * Cross entropy of hidden states [tokens, hidden] under the output layer [vocabulary, hidden], in so many parts.
 * `loss` is the weighted sum, differentiable: its gradient is taken while the probabilities of a part are there.
 * Logits are in the element type of both, all that follows in float32.
 * `total` is the sum over labels in nats, without weights. Values for the inputs come from `lossFeeds`.
 */
export const lossInParts = (
  hidden: Tensor,
  output: Tensor,
  parts: number
): { readonly loss: Tensor; readonly total: Tensor } => {
  const { labels, rows } = labelInputs()
  const factor = unsqueeze(input("weights", "float32", ["labels"]), 1)
  const [tokens] = hidden.shape
  if (tokens === undefined) throw new Error("internal: hidden states without tokens")
  const place = { index: input("label places", "int32", [tokens]), gaps: true }
  const labelled = gatherRows(hidden, { index: rows, gaps: true }, place)
  const { losses, slopes } = differentiated(labelled, partsOf(output, parts), labels)
  return {
    loss: withGradient(sum(mul(losses, factor)), [[widened(labelled), mul(slopes, factor)]]),
    total: sum(mul(losses, cast(greater(factor, 0), "float32")))
  }
}

/**
 * Log-probabilities of labels, [labels], in the order in which `logProbabilityFeeds` was given them. A hidden state may
 * have several.
 */
export const labelLogProbabilities = (hidden: Tensor, output: Tensor, parts: number): Tensor => {
  const { labels, rows } = labelInputs()
  const predicting = gather(hidden, rows)
  let tally: Tally | undefined
  for (const part of partsOf(output, parts)) {
    const now = tally === undefined ? predicting : after(tally.sums, predicting)
    tally = tallied(tally, now, part, labels).tally
  }
  if (tally === undefined) throw new Error("internal: no vocabulary")
  return reshape(mul(lossesOf(tally), -1), labels.shape)
}

/** Values for the label inputs. Without labels there is one of weight 0, which reads `filler`. */
const labelFeeds = (labels: ReadonlyArray<Label>, filler: number) => {
  const given = labels.length > 0 ? labels : [{ token: filler, label: 0, weight: 0 }]
  const shape = [given.length]
  return {
    rows: int32(
      shape,
      Int32Array.from(given, ({ token }) => token)
    ),
    labels: int32(
      shape,
      Int32Array.from(given, ({ label }) => label)
    )
  }
}

/** Values for the inputs of `lossInParts`, in a batch of `tokens` tokens. No token may have two labels. */
export const lossFeeds = (labels: ReadonlyArray<Label>, tokens: number): Feeds => {
  const places = new Int32Array(tokens).fill(-1)
  labels.forEach(({ token }, place) => (places[token] = place))
  const given = labels.length > 0 ? labels : [{ weight: 0 }]
  return {
    // No row.
    ...labelFeeds(labels, -1),
    weights: float32(
      [given.length],
      Float32Array.from(given, ({ weight }) => weight)
    ),
    "label places": int32([tokens], places)
  }
}

/** Values for the inputs of `labelLogProbabilities`: without labels there is one all the same, of the first token. */
export const logProbabilityFeeds = (labels: ReadonlyArray<Label>): Feeds => labelFeeds(labels, 0)
