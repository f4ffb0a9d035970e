/** Writing on from prompts, token by token, with the keys and values of what is written kept where the model runs. */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { RuntimeFailure } from "../runtime/Errors.ts"
import { type HostTensor, OnnxRuntime, type RuntimeProcess, type Session } from "../runtime/OnnxRuntime.ts"
import { unknownToken } from "./batch.ts"
import { RowUnfit } from "./Errors.ts"
import { cacheRegisters, emptyCache, renewedCache } from "./cache.ts"
import { selectionGraph, type Wanted, wantedFor, writingGraph } from "./generationGraphs.ts"
import type { Model } from "./Model.ts"
import { type Feeds, int32, packingFeeds, plainSequence, type Sequence, starts } from "./packing.ts"
import { beginning, prefixLength, rest } from "./prefix.ts"
import { hash } from "./random.ts"
import { argmax, penalizeRepetition, sample, type Sampling } from "./sampling.ts"
import { share } from "./share.ts"

export interface GenerateOptions {
  /** Tokens an answer may have. */
  readonly maxTokens: number
  /** 1 for none; see `penalizeRepetition`. */
  readonly repetitionPenalty: number
  /** null: always the likeliest token. */
  readonly sampling: Sampling | null
  readonly seed: number
  /** Texts that end an answer, of which they are no part. */
  readonly stopStrings: ReadonlyArray<string>
  /** Text of tokens. */
  readonly decode: (ids: Int32Array) => Effect.Effect<string, StageFailure>
  /** Prompts written on at once: memory and speed, not results. */
  readonly batchPrompts: number
}

export interface Generated {
  /** What was written, the token that ended it included. */
  readonly ids: Int32Array
  /** Its text, up to the end of text or the stop string. */
  readonly text: string
  readonly ended: "end of text" | "stop string" | "token limit"
}

/** Writes on from each prompt, in their order. */
export type Generator = (
  prompts: ReadonlyArray<Int32Array>
) => Effect.Effect<ReadonlyArray<Generated>, RowUnfit | RuntimeFailure | StageFailure>

/** A sequence being written. */
interface Draft {
  /** Position of the prompt among all prompts. */
  readonly prompt: number
  readonly ids: Array<number>
  readonly promptTokens: number
}

interface Sessions {
  readonly process: RuntimeProcess
  readonly writing: Session
  readonly selection: Session
}

/** Values for what only the graph of a run has: how many tokens it goes on by itself. */
const repetitionFeeds: { readonly [W in Wanted]: (times: number) => Feeds } = {
  logits: () => ({}),
  likeliest: () => ({}),
  "likeliest run": (times) => ({ times: { element: "int64", shape: [], data: BigInt64Array.of(BigInt(times)) } })
}

/** Likeliest tokens that are written in one call: few where stop strings may end the text, for what follows is thrown away. */
const mostAhead = 32
const mostAheadOfStopStrings = 4

/** How many tokens can be written before any draft has reached its limit. */
const stepsAhead = (
  drafts: ReadonlyArray<Draft>,
  { config: { positions } }: Model,
  { maxTokens, stopStrings }: GenerateOptions
): number =>
  drafts.reduce(
    (steps, { ids, promptTokens }) =>
      Math.min(steps, promptTokens + maxTokens - ids.length, positions + 1 - ids.length),
    stopStrings.length === 0 ? mostAhead : mostAheadOfStopStrings
  )

const written = ({ ids, promptTokens }: Draft): Int32Array => Int32Array.from(ids.slice(promptTokens))

/** Where the first stop string begins, if one is there. */
const stopAt = (text: string, stopStrings: ReadonlyArray<string>): number | undefined => {
  const stops = stopStrings.map((stop) => text.indexOf(stop)).filter((at) => at >= 0)
  return stops.length === 0 ? undefined : Math.min(...stops)
}

/**
 * The finished answer, once its last token ends it. What is written at a model's last position can not be read again.
 */
const finish = Effect.fnUntraced(function* (
  draft: Draft,
  { config }: Model,
  { decode, maxTokens, stopStrings }: GenerateOptions
): Effect.fn.Return<Generated | undefined, StageFailure> {
  const ids = written(draft)
  if (config.endOfText.includes(ids.at(-1) ?? -1)) {
    return { ids, text: yield* decode(ids.subarray(0, -1)), ended: "end of text" }
  }
  const full = ids.length >= maxTokens || draft.ids.length > config.positions
  if (!full && stopStrings.length === 0) return undefined
  const text = yield* decode(ids)
  const stop = stopAt(text, stopStrings)
  if (stop !== undefined) return { ids, text: text.slice(0, stop), ended: "stop string" }
  return full ? { ids, text, ended: "token limit" } : undefined
})

/**
 * The tokens that drafts go on by, one list a step: those of [times, drafts] likeliest ones, or one chosen for each draft by
 * logits [drafts, vocabulary].
 */
const chosen = (
  drafts: ReadonlyArray<Draft>,
  outcome: HostTensor,
  { repetitionPenalty, sampling, seed }: GenerateOptions
): ReadonlyArray<ArrayLike<number>> => {
  if (outcome.element === "int32") {
    const { data } = outcome
    return Array.from({ length: data.length / drafts.length }, (_, step) =>
      data.subarray(step * drafts.length, (step + 1) * drafts.length)
    )
  }
  if (outcome.element !== "float32") throw new Error("internal: logits that are no float32")
  const vocabulary = outcome.data.length / drafts.length
  const tokens = drafts.map(({ ids, prompt }, row) => {
    const logits = outcome.data.subarray(row * vocabulary, (row + 1) * vocabulary)
    penalizeRepetition(logits, ids, repetitionPenalty)
    return sampling === null ? argmax(logits) : sample(logits, sampling, hash(seed, prompt), ids.length)
  })
  return [tokens]
}

/** Segments of a cache whose first places hold prompts, -1 where a prompt was shorter than the longest. */
const segments = (drafts: ReadonlyArray<Draft>, longest: number, length: number): HostTensor => {
  const segment = new Int32Array(drafts.length * length)
  drafts.forEach(({ promptTokens }, row) => segment.fill(-1, row * length + promptTokens, row * length + longest))
  return int32([drafts.length, length], segment)
}

const unfit = (prompt: Int32Array, index: number, { positions, vocabulary }: Model["config"]): RowUnfit | undefined => {
  const row = `Prompt ${index}`
  if (prompt.length === 0) {
    return new RowUnfit({ row, reason: "it has no token, so there is nothing to write on from." })
  }
  return prompt.length > positions
    ? new RowUnfit({ row, reason: `it has ${prompt.length} tokens, the model ${positions} positions.` })
    : unknownToken(row, prompt, vocabulary)
}

const writeBatch = Effect.fn("generate.writeBatch")(function* (
  model: Model,
  options: GenerateOptions,
  { process, selection, writing }: Sessions,
  batch: ReadonlyArray<Draft>
): Effect.fn.Return<ReadonlyMap<number, Generated>, RuntimeFailure | StageFailure> {
  const answers = new Map<number, Generated>()
  const wanted = wantedFor(options, model)
  const cache = cacheRegisters(model)
  const resident = Object.fromEntries(cache.map((register) => [register, register]))
  const keep = Object.fromEntries(cache.map((register) => [renewedCache(register), register]))
  const select = (rows: ReadonlyArray<number>) =>
    selection.run({ feeds: { rows: int32([rows.length], Int32Array.from(rows)) }, resident, fetch: [], keep })
  const read = Effect.fnUntraced(function* (sequences: ReadonlyArray<Sequence>, past: HostTensor, times: number) {
    const last = Int32Array.from(starts(sequences), (start, row) => start + (sequences[row]?.ids.length ?? 0) - 1)
    const feeds = {
      ...packingFeeds(sequences),
      last: int32([sequences.length], last),
      "past segment": past,
      ...repetitionFeeds[wanted](times)
    }
    const { [wanted]: outcome } = yield* writing.run({ feeds, resident, fetch: [wanted], keep })
    if (outcome === undefined) throw new Error("internal: no token to go on with")
    return outcome
  })

  const prompts = batch.map(({ ids }) => plainSequence(Int32Array.from(ids)))
  const longest = Math.max(...batch.map(({ promptTokens }) => promptTokens))
  const [first] = prompts
  if (first === undefined) return answers
  const prefix = prefixLength(prompts, ({ ids }) => ids.length - 1)
  yield* process.put(emptyCache(model, prefix === 0 ? batch.length : 1))
  if (prefix > 0) {
    yield* read([beginning(first, prefix)], int32([1, 0], new Int32Array()), 1)
    yield* select(batch.map(() => 0))
  }
  let outcome = yield* read(
    prompts.map((prompt) => rest(prompt, prefix)),
    int32([batch.length, prefix], new Int32Array(batch.length * prefix)),
    stepsAhead(batch, model, options)
  )
  let drafts = batch
  let length = longest
  for (;;) {
    const steps = chosen(drafts, outcome, options)
    for (const tokens of steps) {
      for (const [row, draft] of drafts.entries()) {
        if (answers.has(draft.prompt)) continue
        draft.ids.push(tokens[row] ?? 0)
        const answer = yield* finish(draft, model, options)
        if (answer !== undefined) answers.set(draft.prompt, answer)
      }
    }
    length += steps.length - 1
    const unfinished = drafts.flatMap(({ prompt }, row) => (answers.has(prompt) ? [] : [row]))
    if (unfinished.length === 0) break
    if (unfinished.length < drafts.length) {
      yield* select(unfinished)
      drafts = drafts.filter((_, row) => unfinished.includes(row))
    }
    outcome = yield* read(
      drafts.map(({ ids }) => rest(plainSequence(Int32Array.from(ids)), ids.length - 1)),
      segments(drafts, longest, length),
      stepsAhead(drafts, model, options)
    )
    length++
  }
  yield* process.release(cache)
  return answers
})

const openSessions = Effect.fnUntraced(function* (
  model: Model,
  options: GenerateOptions,
  process: RuntimeProcess
): Effect.fn.Return<Sessions, RuntimeFailure> {
  return {
    process,
    writing: yield* process.open(writingGraph(model, wantedFor(options, model)), "packed"),
    selection: yield* process.open(selectionGraph(model))
  }
})

/**
 * A model ready to write, for as long as the scope lives. An answer ends at the end of text, at a stop string, at the
 * token limit, or where the model's positions end. Memory: a packed copy of the weights, and keys and values of one batch of
 * prompts, in each process; answers depend on no other prompt, up to float32 rounding.
 */
export const makeGenerator = Effect.fn("makeGenerator")(function* (
  model: Model,
  options: GenerateOptions
): Effect.fn.Return<Generator, RuntimeFailure, OnnxRuntime | Scope.Scope> {
  const runtime = yield* OnnxRuntime
  const writers = yield* Effect.forEach(yield* runtime.acquireAll, (process) => openSessions(model, options, process), {
    concurrency: "unbounded"
  })
  return Effect.fn("generate")(function* (prompts) {
    const failure = prompts
      .map((prompt, index) => unfit(prompt, index, model.config))
      .find((reason) => reason !== undefined)
    if (failure !== undefined) return yield* failure
    const answers: Array<Generated> = []
    const drafts = prompts.map((ids, prompt): Draft => ({ prompt, ids: Array.from(ids), promptTokens: ids.length }))
    yield* share(
      writers,
      Arr.chunksOf(drafts, options.batchPrompts),
      (sessions, batch) => writeBatch(model, options, sessions, batch),
      (batch) => {
        for (const [prompt, answer] of batch) answers[prompt] = answer
      }
    )
    return answers
  })
})
