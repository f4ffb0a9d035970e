/** What the measurements of a model take. */
import * as Effect from "effect/Effect"
import { scoringTakes, type ScoredText, type Taken, withPackedWeights } from "../../src/model/estimate.ts"
import { wantedFor } from "../../src/model/generationGraphs.ts"
import type { Model } from "../../src/model/Model.ts"
import { outlineOf } from "../../src/model/outline.ts"
import type { Estimate, Estimator, Memory } from "../../src/pipeline/Estimate.ts"
import type { FilesReader, ModelReader, StageFailure, TableReader } from "../../src/pipeline/Reader.ts"
import { sampled, sampleReader } from "../../src/pipeline/sample.ts"
import type { Prompt } from "../../src/text/Prompt.ts"
import { renderPrompt } from "../../src/text/Prompt.ts"
import { type ChoiceEncoding, encodeChoices } from "../choiceEncoding.ts"
import type { ChoicePrompt } from "../choicePrompts.ts"
import { columnsOf } from "../columns.ts"
import type { TokenRow } from "../rows.ts"
import { readTokenizer } from "../tokenizer.ts"

/** Rows of a probe. */
const probeRows = 1024

const scaled = ({ flop, memory, tokens }: Taken, factor: number): Taken => ({
  tokens: tokens * factor,
  flop: flop * factor,
  memory
})

/** The estimate of scoring, where `takes` tells what texts take in batches of so many tokens. */
const scoring = (
  model: ModelReader,
  precision: "float32",
  texts: ReadonlyArray<ScoredText>,
  rows: number,
  { batchTokens, together }: { readonly batchTokens: number; readonly together: number },
  probeOf: (few: number) => { readonly inputs: unknown; readonly config: unknown }
): Effect.Effect<Estimate, StageFailure> =>
  Effect.gen(function* () {
    const outline = yield* outlineOf(model, precision)
    const plain = yield* outlineOf(withoutAdapters(model), precision)
    const few = texts.slice(0, probeRows)
    const watched = scoringTakes(plain, few, batchTokens, together)
    const longest = Math.max(1, ...texts.map(({ tokens }) => tokens))
    const remedies = () =>
      [batchTokens / 2, batchTokens / 4, batchTokens / 8]
        .map(Math.floor)
        .filter((tokens) => tokens >= longest)
        .map((tokens) => ({
          option: `batchTokens: ${tokens}`,
          memory: scoringTakes(outline, texts, tokens, together).memory
        }))
    return {
      work: {
        ...scaled(scoringTakes(outline, texts, batchTokens, together), rows / Math.max(1, texts.length)),
        remedies,
        probe: { ...probeOf(few.length), flop: watched.flop, memory: watched.memory }
      }
    }
  })

interface Scored {
  readonly rows: TableReader<TokenRow>
  readonly model: ModelReader
}

/** What a probe computes with: adapters may not be there yet, and cost next to nothing. */
const withoutAdapters = ({ base }: ModelReader): ModelReader => ({ base, adapters: [] })

export const estimatePerplexity: Estimator<Scored, { readonly batchTokens: number }> = ({ model, rows }, config) =>
  Effect.gen(function* () {
    const sample = yield* sampled(rows)
    const texts = sample.map(({ ids, promptTokens }) => ({
      tokens: Math.max(0, ids.length - 1),
      labels: ids.length - promptTokens
    }))
    return yield* scoring(
      model,
      "float32",
      texts,
      rows.rows,
      { batchTokens: config.batchTokens, together: 256 },
      (few) => ({
        inputs: { rows: sampleReader(sample.slice(0, few), rows.schema), model: withoutAdapters(model) },
        config
      })
    )
  })

interface Asked {
  readonly prompts: TableReader<ChoicePrompt>
  readonly tokenizer: FilesReader
  readonly model: ModelReader
}

/** The inputs of a probe that asks a few prompts. */
const asking = ({ model, prompts, tokenizer }: Asked, few: ReadonlyArray<ChoicePrompt>): Asked => ({
  prompts: sampleReader(few, prompts.schema),
  tokenizer,
  model: withoutAdapters(model)
})

export const estimateChoices: Estimator<Asked, { readonly batchTokens: number; readonly encoding: ChoiceEncoding }> = (
  { model, prompts, tokenizer: files },
  config
) =>
  Effect.gen(function* () {
    const sample = yield* sampled(prompts)
    const encoded = yield* encodeChoices(config.encoding, yield* readTokenizer(files), sample)
    const texts = encoded.map(({ context, continuations }) => ({
      tokens: context.length + continuations.reduce((all, { length }) => all + Math.max(0, length - 1), 0),
      labels: continuations.reduce((all, { length }) => all + length, 0)
    }))
    return yield* scoring(
      model,
      "float32",
      texts,
      prompts.rows,
      { batchTokens: config.batchTokens, together: 64 },
      (few) => ({ inputs: asking({ model, prompts, tokenizer: files }, sample.slice(0, few)), config })
    )
  })

/** Keys and values of prompts and of what is written after them; while one token is added there are two of each. */
const cacheBytes = ({ backbone: { cache }, config }: Model, tokens: number, prompts: number): number =>
  2 * 2 * 4 * config.layers * cache.heads * cache.size * tokens * prompts

interface Writing {
  readonly maxTokens: number
  readonly batchPrompts: number
  readonly repetitionPenalty?: number
  readonly sampling?: object | null
}

/** Writing on from prompts of these lengths, each to its limit of tokens: fewer are written where answers end before. */
const writing = (
  outline: Model,
  lengths: ReadonlyArray<number>,
  { batchPrompts, maxTokens, repetitionPenalty = 1, sampling = null }: Writing
): Taken => {
  const together = Math.max(1, ...lengths) * batchPrompts
  const texts = lengths.map((length) => ({ tokens: length + maxTokens, labels: maxTokens }))
  const { flop, memory, tokens } = scoringTakes(outline, texts, together, batchPrompts)
  const read = scoringTakes(
    outline,
    lengths.map((length) => ({ tokens: length, labels: 1 })),
    together,
    batchPrompts
  )
  const cache = cacheBytes(outline, Math.max(1, ...lengths) + maxTokens, Math.min(batchPrompts, lengths.length))
  const all: Memory = { ...memory, registers: cache, activations: read.memory.activations }
  return { tokens, flop, memory: withPackedWeights(outline, wantedFor({ repetitionPenalty, sampling }, outline), all) }
}

const estimateWriting = (
  model: ModelReader,
  lengths: ReadonlyArray<number>,
  rows: number,
  options: Writing,
  probeOf: (few: number) => { readonly inputs: unknown; readonly config: unknown }
): Effect.Effect<Estimate, StageFailure> =>
  Effect.gen(function* () {
    const outline = yield* outlineOf(model)
    const plain = yield* outlineOf(withoutAdapters(model))
    const few = lengths.slice(0, 4 * options.batchPrompts)
    const watched = writing(plain, few, options)
    const remedies = () =>
      options.batchPrompts === 1
        ? []
        : [{ option: "batchPrompts: 1", memory: writing(outline, lengths, { ...options, batchPrompts: 1 }).memory }]
    return {
      work: {
        ...scaled(writing(outline, lengths, options), rows / Math.max(1, lengths.length)),
        remedies,
        probe: { ...probeOf(few.length), flop: watched.flop, memory: watched.memory }
      }
    }
  })

export const estimateWrittenChoices: Estimator<Asked, Writing> = ({ model, prompts, tokenizer: files }, config) =>
  Effect.gen(function* () {
    const sample = yield* sampled(prompts)
    const tokenizer = yield* readTokenizer(files)
    const contexts = yield* tokenizer.encodeBatch(
      sample.map(({ context }) => context),
      { special: true }
    )
    return yield* estimateWriting(
      model,
      contexts.map(({ length }) => length),
      prompts.rows,
      config,
      (few) => ({ inputs: asking({ model, prompts, tokenizer: files }, sample.slice(0, few)), config })
    )
  })

type Questions = Writing & {
  readonly template: Prompt<string>
  readonly column: string
  readonly questions: ReadonlyArray<string>
}

export const estimateGeneration: Estimator<
  { readonly tokenizer: FilesReader; readonly model: ModelReader },
  Questions
> = ({ model, tokenizer: files }, config) =>
  Effect.gen(function* () {
    const { column, questions, template } = config
    const empty = Object.fromEntries(columnsOf(template).names.map((name) => [name, ""]))
    const texts = questions.map((question) => renderPrompt(template, { ...empty, [column]: question }).prompt)
    const tokenizer = yield* readTokenizer(files)
    const prompts = yield* tokenizer.encodeBatch(texts, { special: true })
    return yield* estimateWriting(
      model,
      prompts.map(({ length }) => length),
      prompts.length,
      config,
      (few) => ({
        inputs: { tokenizer: files, model: withoutAdapters(model) },
        config: { ...config, questions: questions.slice(0, few) }
      })
    )
  })
