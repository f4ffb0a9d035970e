/** Cross entropy of the next token, in chunks of rows: its memory does not grow with the batch. */
import {
  add,
  after,
  cast,
  concat,
  div,
  exp,
  gather,
  gatherElements,
  gatherRows,
  gemm,
  greater,
  input,
  linear,
  log,
  max,
  mul,
  reshape,
  split,
  sub,
  sum,
  unsqueeze,
  withGradient
} from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { type Feeds, float32, int32 } from "./packing.ts"
import { widened } from "./precision.ts"

/** A token whose prediction counts: `token` is the place whose hidden state predicts `label`. */
export interface Label {
  readonly token: number
  readonly label: number
  /** Factor of its cross entropy in the loss. */
  readonly weight: number
}

/**
 * Elements of one chunk's logits, 36 MiB in float32: for a vocabulary of 50,000 chunks of 170 rows or more, since with
 * fewer the products with the output layer get slower.
 */
const chunkElements = 9 * 2 ** 20

/** Into how many chunks the labels of at most `labels` tokens are cut, for a vocabulary of this size. */
export const chunksFor = (labels: number, vocabulary: number): number =>
  Math.max(1, Math.ceil((labels * vocabulary) / chunkElements))

interface LabelInputs {
  /** int32 [labels], one part a chunk: the token of each label; -1 where a chunk is filled up. */
  readonly rows: ReadonlyArray<Tensor>
  readonly labels: ReadonlyArray<Tensor>
}

const perChunk = (chunks: number, make: (chunk: number) => Tensor): ReadonlyArray<Tensor> =>
  Array.from({ length: chunks }, (_, chunk) => make(chunk))

const labelInputs = (chunks: number): LabelInputs => ({
  rows: perChunk(chunks, (chunk) => input(`rows.${chunk}`, "int32", [`chunk.${chunk}`])),
  labels: perChunk(chunks, (chunk) => input(`labels.${chunk}`, "int32", [`chunk.${chunk}`]))
})

/**
 * Cross entropies [rows, 1], and the probabilities [rows, vocabulary] as exponentials and their sums: a chunk's logits
 * turn into exponentials in place, once what a loss needs of them is read.
 */
const crossEntropy = (hidden: Tensor, output: Tensor, labels: Tensor) => {
  const logits = widened(linear(hidden, output))
  const shifted = sub(logits, max(logits, 1, true))
  const ofLabel = gatherElements(shifted, unsqueeze(labels, 1), 1)
  const exponentials = exp(after(ofLabel, shifted))
  const sums = sum(exponentials, 1, true)
  return { losses: sub(log(sums), ofLabel), exponentials, sums }
}

/**
 * Cross entropy of hidden states [tokens, hidden] under the output layer [vocabulary, hidden].
 * `loss` is the weighted sum, differentiable: its gradient is taken while the probabilities of a chunk are there.
 * Logits are in the element type of both, all that follows in float32.
 * `total` is the sum over labels in nats, without weights. Values for the inputs come from `labelFeeds`.
 */
export const chunkedLoss = (
  hidden: Tensor,
  output: Tensor,
  chunks: number
): { readonly loss: Tensor; readonly total: Tensor } => {
  const { labels, rows } = labelInputs(chunks)
  const weights = perChunk(chunks, (chunk) => input(`weights.${chunk}`, "float32", [`chunk.${chunk}`]))
  const [tokens] = hidden.shape
  if (tokens === undefined) throw new Error("internal: hidden states without tokens")
  const place = { index: input("label places", "int32", [tokens]), gaps: true }
  const labelled = gatherRows(hidden, { index: concat(rows, 0), gaps: true }, place)
  const sizes = labels.map((chunk, at) => chunk.shape[0] ?? `chunk.${at}`)
  const parts: Array<{ readonly loss: Tensor; readonly total: Tensor; readonly gradient: Tensor }> = []
  for (const [chunk, part] of split(labelled, 0, sizes).entries()) {
    const label = labels[chunk]
    const weight = weights[chunk]
    if (label === undefined || weight === undefined) throw new Error("internal: a chunk without labels")
    // One chunk after the other: else the logits of all of them would wait for the last one.
    const before = parts.at(-1)
    const { exponentials, losses, sums } = crossEntropy(
      before === undefined ? part : after(before.gradient, part),
      output,
      label
    )
    const factor = unsqueeze(weight, 1)
    const probable = div(widened(gemm(cast(exponentials, output.element), output)), sums)
    parts.push({
      loss: sum(mul(losses, factor)),
      total: sum(mul(losses, cast(greater(factor, 0), "float32"))),
      gradient: mul(sub(probable, widened(gather(output, label))), factor)
    })
  }
  const loss = parts.map((part) => part.loss).reduce((a, b) => add(a, b))
  return {
    loss: withGradient(loss, [
      [
        widened(labelled),
        concat(
          parts.map((part) => part.gradient),
          0
        )
      ]
    ]),
    total: parts.map((part) => part.total).reduce((a, b) => add(a, b))
  }
}

/**
 * Log-probabilities of labels, [labels], in the order in which `labelFeeds` was given them. A hidden state may have
 * several.
 */
export const labelLogProbabilities = (hidden: Tensor, output: Tensor, chunks: number): Tensor => {
  const { labels, rows } = labelInputs(chunks)
  const parts = labels.map((label, chunk) => {
    const row = rows[chunk]
    if (row === undefined) throw new Error("internal: a chunk without rows")
    const { losses } = crossEntropy(gather(hidden, row), output, label)
    return reshape(mul(losses, -1), label.shape)
  })
  return concat(parts, 0)
}

/**
 * Values for the label inputs, cut into `chunks` parts of nearly one size, none empty. What fills up a chunk when there
 * are fewer labels than chunks has weight 0; it reads `filler`: -1 (no row) for the loss, any row for
 * log-probabilities.
 */
const rowFeeds = (labels: ReadonlyArray<Label>, chunks: number, filler: number) => {
  const size = Math.max(labels.length, chunks)
  const bounds = Array.from({ length: chunks + 1 }, (_, chunk) => Math.floor((chunk * size) / chunks))
  const feeds: Record<string, Feeds[string]> = {}
  for (let chunk = 0; chunk < chunks; chunk++) {
    const begin = bounds[chunk] ?? 0
    const part = Array.from({ length: (bounds[chunk + 1] ?? size) - begin }, (_, at) => labels[begin + at])
    const shape = [part.length]
    feeds[`rows.${chunk}`] = int32(
      shape,
      Int32Array.from(part, (label) => label?.token ?? filler)
    )
    feeds[`labels.${chunk}`] = int32(
      shape,
      Int32Array.from(part, (label) => label?.label ?? 0)
    )
    feeds[`weights.${chunk}`] = float32(
      shape,
      Float32Array.from(part, (label) => label?.weight ?? 0)
    )
  }
  return feeds
}

/** Values for the inputs of `chunkedLoss`, in a batch of `tokens` tokens. No token may have two labels. */
export const lossFeeds = (labels: ReadonlyArray<Label>, chunks: number, tokens: number): Feeds => {
  const places = new Int32Array(tokens).fill(-1)
  labels.forEach(({ token }, place) => (places[token] = place))
  return { ...rowFeeds(labels, chunks, -1), "label places": int32([tokens], places) }
}

/** Values for the inputs of `labelLogProbabilities`. */
export const logProbabilityFeeds = (labels: ReadonlyArray<Label>, chunks: number): Feeds => {
  const feeds = rowFeeds(labels, chunks, 0)
  return Object.fromEntries(Object.entries(feeds).filter(([name]) => !name.startsWith("weights.")))
}
