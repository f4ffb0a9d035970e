/** From rows of tokens to the values that the graphs of one optimiser step are fed with. */
import { dropoutKey } from "./dropout.ts"
import { RowUnfit } from "./Errors.ts"
import { type Label, logProbabilityFeeds, lossFeeds, partsFor } from "./loss.ts"
import { type Feeds, packingFeeds, plainSequence, starts } from "./packing.ts"
import { hash, permutation } from "./random.ts"
import type { TrainingOptions } from "./TrainingOptions.ts"

/** A text to learn: the ids of prompt and response, and how many of them are the prompt's. */
export interface TrainingRow {
  readonly ids: Int32Array
  readonly promptTokens: number
}

/** A row, and where it stands in its table. */
export interface PlacedRow extends TrainingRow {
  readonly row: number
}

/** Which rows each optimiser step takes. */
export interface Plan {
  readonly steps: number
  /**
   * Positions in the table, for a step counted from 0. Steps are best asked for in order: one epoch's order is kept at
   * a time.
   */
  readonly rowsOf: (step: number) => Int32Array
}

/** Every epoch takes every row once, in an order that the seed and the epoch decide. Holds one index a row. */
export const planSteps = (
  rows: number,
  { batchSize, epochs, seed, shuffle }: Pick<TrainingOptions, "batchSize" | "epochs" | "seed" | "shuffle">
): Plan => {
  const stepsOfEpoch = Math.ceil(rows / batchSize)
  const orderOf = (epoch: number) =>
    shuffle ? permutation(rows, hash(seed, epoch)) : Int32Array.from({ length: rows }, (_, row) => row)
  let current: { readonly epoch: number; readonly order: Int32Array } = { epoch: -1, order: new Int32Array() }
  return {
    steps: epochs * stepsOfEpoch,
    rowsOf: (step) => {
      const epoch = Math.floor(step / stepsOfEpoch)
      if (epoch !== current.epoch) current = { epoch, order: orderOf(epoch) }
      const begin = (step - epoch * stepsOfEpoch) * batchSize
      return current.order.subarray(begin, begin + batchSize)
    }
  }
}

/** Refuses ids that the model has no vector for; `row` says whose they are. */
export const unknownToken = (row: string, ids: Int32Array, vocabulary: number): RowUnfit | undefined => {
  const stranger = ids.find((id) => id < 0 || id >= vocabulary)
  return stranger === undefined
    ? undefined
    : new RowUnfit({
        row,
        reason: `token ${stranger} is not among its ${vocabulary}. Tokenize with this model's own tokenizer.`
      })
}

/** Why a row cannot be computed by a model of these sizes, if so. */
export const unfit = (
  { ids, row }: PlacedRow,
  { positions, vocabulary }: { readonly positions: number; readonly vocabulary: number }
): RowUnfit | undefined => {
  const name = `Row ${row} of the table of tokens`
  return ids.length > positions
    ? new RowUnfit({
        row: name,
        reason: `it has ${ids.length} tokens, the model ${positions} positions. Tokenize with a smaller limit.`
      })
    : unknownToken(name, ids, vocabulary)
}

/** The first token whose prediction counts; nothing predicts a row's first token. */
const firstLabel = ({ promptTokens }: TrainingRow, labels: TrainingOptions["labels"]): number =>
  labels === "all" ? 1 : Math.max(1, promptTokens)

const labelCount = (row: TrainingRow, labels: TrainingOptions["labels"]): number =>
  Math.max(0, row.ids.length - firstLabel(row, labels))

/** Runs of neighbours, each of at most `limit` tokens; a row longer than that is a run of its own. */
export const groupByTokens = <A extends { readonly ids: Int32Array }>(
  rows: ReadonlyArray<A>,
  limit: number
): ReadonlyArray<ReadonlyArray<A>> => {
  const groups: Array<Array<A>> = []
  let tokens = Infinity
  for (const row of rows) {
    const group = groups.at(-1)
    if (group !== undefined && tokens + row.ids.length <= limit) {
      group.push(row)
      tokens += row.ids.length
    } else {
      groups.push([row])
      tokens = row.ids.length
    }
  }
  return groups
}

/** As few such runs as there can be, of which the largest is as small as it can be: the largest decides the memory. */
export const groupEvenly = <A extends { readonly ids: Int32Array }>(
  rows: ReadonlyArray<A>,
  limit: number
): ReadonlyArray<ReadonlyArray<A>> => {
  let best = groupByTokens(rows, limit)
  for (let [low, high] = [1, limit]; low < high;) {
    const middle = Math.floor((low + high) / 2)
    const groups = groupByTokens(rows, middle)
    if (groups.length > best.length) {
      low = middle + 1
    } else {
      high = middle
      best = groups
    }
  }
  return best
}

/** Factor of each row's cross entropies: 1 / labels of the step, or of the micro-batch, / micro-batches. */
const labelWeights = (
  rows: ReadonlyArray<TrainingRow>,
  { labels, lossNormalization, microBatchSize }: TrainingOptions
): ReadonlyArray<number> => {
  const size = lossNormalization === "token" ? rows.length : microBatchSize
  const groups = Math.ceil(rows.length / size)
  return Array.from({ length: groups }, (_, group) => rows.slice(group * size, (group + 1) * size)).flatMap((group) => {
    const count = group.reduce((all, row) => all + labelCount(row, labels), 0)
    return group.map(() => 1 / (count * groups))
  })
}

/** The labels of rows that lie one after the other. */
const labelsOf = (
  rows: ReadonlyArray<TrainingRow & { readonly weight: number }>,
  labels: TrainingOptions["labels"]
): ReadonlyArray<Label> => {
  const begin = starts(rows)
  return rows.flatMap((row, index) => {
    const start = begin[index] ?? 0
    const first = firstLabel(row, labels)
    return Array.from(row.ids.subarray(first), (label, offset) => ({
      token: start + first + offset - 1,
      label,
      weight: row.weight
    }))
  })
}

/** The values of one optimiser step. */
export interface StepBatch {
  readonly step: number
  readonly rows: ReadonlyArray<number>
  readonly microBatches: ReadonlyArray<Feeds>
  readonly tokens: number
  readonly labels: number
}

/** The number of parts of the vocabulary in which a micro-batch's labels are computed. */
export const trainingParts = (
  { microBatchTokens }: Pick<TrainingOptions, "microBatchTokens">,
  vocabulary: number
): number => partsFor(microBatchTokens, vocabulary)

/**
 * Micro-batches of at most `microBatchTokens` tokens, as even as rows allow. Rows of like length come together, so that attention pads little;
 * which rows share a micro-batch changes no mask and no weight.
 */
export const stepBatch = (step: number, rows: ReadonlyArray<PlacedRow>, options: TrainingOptions): StepBatch => {
  const weights = labelWeights(rows, options)
  const weighted = rows.map((row, index) => ({ ...row, weight: weights[index] ?? 0 }))
  const microBatches = groupEvenly(
    weighted.toSorted((a, b) => a.ids.length - b.ids.length),
    options.microBatchTokens
  ).map((group): Feeds => {
    const packing = packingFeeds(group.map(({ ids }) => plainSequence(ids)))
    const tokens = group.reduce((all, { ids }) => all + ids.length, 0)
    const loss = lossFeeds(labelsOf(group, options.labels), tokens)
    if (options.dropout === 0) return { ...packing, ...loss }
    const keys = group.flatMap(({ ids, row }) =>
      Array.from(ids, (_, position) => dropoutKey(options.seed, step, row, position))
    )
    return {
      ...packing,
      ...loss,
      "dropout keys": { element: "uint32", shape: [tokens], data: Uint32Array.from(keys) }
    }
  })
  return {
    step,
    rows: rows.map(({ row }) => row),
    microBatches,
    tokens: rows.reduce((all, { ids }) => all + ids.length, 0),
    labels: rows.reduce((all, row) => all + labelCount(row, options.labels), 0)
  }
}

/** The values for the log-probabilities of rows' labels. */
export const evaluationFeeds = (
  rows: ReadonlyArray<TrainingRow>,
  options: TrainingOptions
): { readonly feeds: Feeds; readonly labels: number } => {
  const labels = labelsOf(
    rows.map((row) => ({ ...row, weight: 1 })),
    options.labels
  )
  return {
    feeds: { ...packingFeeds(rows.map(({ ids }) => plainSequence(ids))), ...logProbabilityFeeds(labels) },
    labels: labels.length
  }
}
