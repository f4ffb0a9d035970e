/** What training and scoring take, from the graphs that they compute and the lengths of texts. */
import { type Cost, costOf, type Sizes } from "../graph/cost.ts"
import type { Tensor } from "../graph/Operator.ts"
import type { Memory } from "../pipeline/Estimate.ts"
import { packedAttention } from "./attention.ts"
import { packedBytes, type Wanted } from "./generationGraphs.ts"
import { evaluationFeeds, groupByTokens, planSteps, stepBatch, type TrainingRow } from "./batch.ts"
import { factorShapes } from "./lora.ts"
import { labelLogProbabilities, partsFor } from "./loss.ts"
import { hiddenStates, type Model } from "./Model.ts"
import { type Feeds, packingInputs } from "./packing.ts"
import { evaluationOutputs, type Trainee, trainingOutputs } from "./trainingGraphs.ts"

/** Arithmetic over all texts, and memory at its fullest. */
export interface Taken {
  readonly tokens: number
  readonly flop: number
  readonly memory: Memory
}

/** Batches whose cost is computed; that of the others is taken to be alike for each token. */
const costed = 8

const tokensOf = ({ tokens = 0 }: Sizes): number => tokens

/** The sizes that the values of a batch give to named dimensions. */
const sizesOf = (feeds: Feeds): Sizes => {
  const sizes: Record<string, number> = {}
  for (const [name, { shape }] of Object.entries(feeds)) {
    if (name === "ids") sizes["tokens"] = shape[0] ?? 0
    if (name === "index") [sizes["sequences"], sizes["length"]] = [shape[0] ?? 0, shape[1] ?? 0]
    if (name === "labels") sizes["labels"] = shape[0] ?? 0
  }
  return sizes
}

const largestBy = <A>(items: ReadonlyArray<A>, size: (item: A) => number): A | undefined =>
  items.reduce<A | undefined>((best, item) => (best === undefined || size(item) > size(best) ? item : best), undefined)

/** The cost of a graph over batches: arithmetic of all, memory of the one that has most. */
const overBatches = (outputs: Readonly<Record<string, Tensor>>, batches: ReadonlyArray<Sizes>): Cost => {
  const roots = Object.values(outputs)
  const every = Math.max(1, batches.length / costed)
  const some = Array.from(
    { length: Math.min(costed, batches.length) },
    (_, at) => batches[Math.floor(at * every)] ?? {}
  )
  const most = [
    largestBy(batches, tokensOf),
    largestBy(batches, ({ length = 0, sequences = 0 }) => sequences * length * length)
  ].map((sizes) => costOf(roots, sizes ?? {}))
  const costs = some.map((sizes) => costOf(roots, sizes).flop)
  const tokens = (of: ReadonlyArray<Sizes>) => of.reduce((all, sizes) => all + tokensOf(sizes), 0)
  const [first] = most
  return {
    flop: (costs.reduce((all, flop) => all + flop, 0) * tokens(batches)) / Math.max(1, tokens(some)),
    weights: first?.weights ?? 0,
    converted: first?.converted ?? 0,
    replaced: first?.replaced ?? 0,
    activations: Math.max(0, ...most.map(({ activations }) => activations))
  }
}

/** Copies of an adapter in registers beside those that a step's graph reads: zeros, two moments, and their renewal. */
const registerCopies = 6

/** Training on rows that are a sample of `rows`, validated on a sample of `validation.rows` as often as the options say. */
export const trainingTakes = (
  trainee: Trainee,
  sample: ReadonlyArray<TrainingRow>,
  rows: number,
  validation: { readonly sample: ReadonlyArray<TrainingRow>; readonly rows: number } | null
): Taken => {
  const { modules, options } = trainee
  const plan = planSteps(sample.length, { ...options, epochs: 1 })
  const batches = Array.from({ length: plan.steps }, (_, step) => {
    const places = plan.rowsOf(step)
    const placed = [...places].flatMap((row) => {
      const found = sample[row]
      return found === undefined ? [] : [{ ...found, row }]
    })
    return stepBatch(step, placed, { ...options, dropout: 0 }).microBatches.map(sizesOf)
  }).flat()
  const cost = overBatches(trainingOutputs(trainee), batches)
  const scale = (rows * options.epochs) / sample.length
  const tokens = sample.reduce((all, { ids }) => all + ids.length, 0) * scale

  const steps = Math.ceil(rows / options.batchSize) * options.epochs
  const times = options.validateEvery === null ? 1 : Math.max(1, Math.ceil(steps / options.validateEvery))
  const evaluated = validation === null || validation.sample.length === 0 ? null : validation
  const evaluation =
    evaluated === null
      ? { flop: 0, activations: 0 }
      : overBatches(
          evaluationOutputs(trainee),
          groupByTokens(
            evaluated.sample.toSorted((a, b) => a.ids.length - b.ids.length),
            options.microBatchTokens
          ).map((group) => sizesOf(evaluationFeeds(group, options).feeds))
        )
  const perValidation = evaluated === null ? 0 : evaluated.rows / evaluated.sample.length
  const adapter = [...factorShapes(modules, options.rank).values()].reduce((all, [a, b]) => all + 4 * a * b, 0)
  return {
    tokens,
    flop: cost.flop * scale + evaluation.flop * perValidation * times,
    memory: {
      weights: cost.weights,
      converted: cost.converted,
      replaced: cost.replaced,
      registers: registerCopies * adapter,
      activations: Math.max(cost.activations, evaluation.activations)
    }
  }
}

/**
 * Memory of a session with packed weights, at its fullest: what linear layers read is a copy in each process; the embedding, which a
 * graph gathers from, is in its file beside it, as are all weights while those of a loop are packed.
 */
export const withPackedWeights = (model: Model, wanted: Wanted, memory: Memory): Memory => {
  const { tiedEmbeddings, hidden, vocabulary } = model.config
  const packed = packedBytes(model)
  const matrix = 4 * vocabulary * hidden
  const untied = tiedEmbeddings ? 0 : matrix
  if (memory.converted === 0) {
    const left = wanted === "likeliest run" ? memory.weights + untied : memory.weights + matrix - packed
    return { ...memory, weights: left, converted: packed }
  }
  // Weights that are converted, from halves, are a copy already, which the packed one replaces: one by one, or all of a loop at last.
  return {
    ...memory,
    weights: memory.weights + untied / 2,
    converted: memory.converted + (wanted === "likeliest run" ? untied + packed : matrix),
    replaced: memory.replaced + untied / 2
  }
}

/** A text to score: tokens that are computed, and labels whose probabilities are read. */
export interface ScoredText {
  readonly tokens: number
  readonly labels: number
}

/** Scoring of texts in batches of at most `batchTokens` tokens, sorted by length as far as they are scored `together`. */
export const scoringTakes = (
  model: Model,
  texts: ReadonlyArray<ScoredText>,
  batchTokens: number,
  together: number
): Taken => {
  const inputs = packingInputs()
  const parts = partsFor(batchTokens, model.config.vocabulary)
  const { hidden } = hiddenStates(model, inputs, packedAttention(inputs, model.backbone.cache.size))
  const outputs = { scores: labelLogProbabilities(hidden, model.weight(model.backbone.outputWeight), parts) }
  const batches: Array<Sizes> = []
  for (let start = 0; start < texts.length; start += together) {
    const sorted = texts.slice(start, start + together).toSorted((a, b) => a.tokens - b.tokens)
    const groups: Array<Array<ScoredText>> = []
    let tokens = Infinity
    for (const text of sorted) {
      const group = groups.at(-1)
      if (group !== undefined && tokens + text.tokens <= batchTokens) {
        group.push(text)
        tokens += text.tokens
      } else {
        groups.push([text])
        tokens = text.tokens
      }
    }
    batches.push(...groups.map(scoreSizes))
  }
  const cost = overBatches(outputs, batches)
  return {
    tokens: batches.reduce((all, sizes) => all + tokensOf(sizes), 0),
    flop: cost.flop,
    memory: {
      weights: cost.weights,
      converted: cost.converted,
      replaced: cost.replaced,
      registers: 0,
      activations: cost.activations
    }
  }
}

const scoreSizes = (group: ReadonlyArray<ScoredText>): Sizes => ({
  tokens: group.reduce((all, { tokens }) => all + tokens, 0),
  sequences: group.length,
  length: Math.max(...group.map(({ tokens }) => tokens)),
  labels: group.reduce((all, { labels }) => all + labels, 0)
})
