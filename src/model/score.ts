/** Log-probabilities of continuations: what perplexity and choices are made of. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { after as awaiting, gather, input, zeros } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { serialize, type Serialized } from "../graph/serialize.ts"
import type { RuntimeFailure } from "../runtime/Errors.ts"
import { type HostTensor, OnnxRuntime, type RuntimeProcess, type Session } from "../runtime/OnnxRuntime.ts"
import { type Attend, packedAttention, turned } from "./attention.ts"
import { groupByTokens, unknownToken } from "./batch.ts"
import { cacheInputs, cacheOutputs, cacheRegisters, emptyCache, renewedCache } from "./cache.ts"
import { RowUnfit } from "./Errors.ts"
import { type Label, labelLogProbabilities, logProbabilityFeeds, partsFor } from "./loss.ts"
import { hiddenStates, type Model } from "./Model.ts"
import { branchingSequence, int32, packingFeeds, packingInputs, type Sequence, starts } from "./packing.ts"
import { beginning, prefixLength, rest } from "./prefix.ts"
import { share } from "./share.ts"

/** A context and the texts that might follow it. */
export interface ScoreRequest {
  readonly context: Int32Array
  readonly continuations: ReadonlyArray<Int32Array>
}

/** How likely a continuation is after its context. */
export interface ContinuationScore {
  /** Sum over its tokens of their log-probabilities, in nats, each computed in float32. */
  readonly logProbability: number
  /**
   * How many tokens that sum is over: all of them, but for the first where the context is empty, which nothing
   * predicts.
   */
  readonly tokens: number
}

export interface ScoreOptions {
  /** Tokens computed at once: memory and speed, not results. */
  readonly batchTokens: number
}

/** A sequence to compute and, for continuation i of request r, the labels to read from it. */
interface Job extends Sequence {
  readonly spans: ReadonlyArray<{
    readonly request: number
    readonly continuation: number
    /** `token` counts from the start of the sequence. */
    readonly labels: ReadonlyArray<Label>
  }>
}

/**
 * Labels of a continuation whose first token is predicted by `before` (-1: by nothing), its next ones from `start` on.
 */
const spanLabels = (continuation: Int32Array, before: number, start: number): ReadonlyArray<Label> =>
  Array.from(continuation, (label, at) => ({ token: at === 0 ? before : start + at - 1, label, weight: 1 })).filter(
    ({ token }) => token >= 0
  )

/**
 * All continuations in one sequence: the context is computed once, and a last token predicts nothing, so it is left
 * out.
 */
const together = ({ context, continuations }: ScoreRequest, request: number): Job => {
  let start = context.length
  const spans = continuations.map((continuation, index) => {
    const labels = spanLabels(continuation, context.length - 1, start)
    start += Math.max(0, continuation.length - 1)
    return { request, continuation: index, labels }
  })
  return {
    ...branchingSequence(
      context,
      continuations.map((continuation) => continuation.subarray(0, -1))
    ),
    spans
  }
}

/** One continuation alone, after as much of the context's end as fits. */
const alone = (
  context: Int32Array,
  continuation: Int32Array,
  request: number,
  index: number,
  positions: number
): Job => {
  const kept = context.subarray(Math.max(0, context.length + continuation.length - 1 - positions))
  const job = together({ context: kept, continuations: [continuation] }, request)
  return { ...job, spans: job.spans.map((span) => ({ ...span, continuation: index })) }
}

/** The evaluation harness cuts each continuation's context for itself, so where something is cut, nothing is shared. */
const jobsOf = (score: ScoreRequest, request: number, positions: number): ReadonlyArray<Job> => {
  const { context, continuations } = score
  const longest = continuations.reduce((length, continuation) => Math.max(length, continuation.length), 1)
  return context.length + longest - 1 <= positions
    ? [together(score, request)]
    : continuations.map((continuation, index) => alone(context, continuation, request, index, positions))
}

/** Why a request cannot be computed by a model of these sizes, if so. */
const unfit = (
  { context, continuations }: ScoreRequest,
  request: number,
  { positions, vocabulary }: { readonly positions: number; readonly vocabulary: number }
): RowUnfit | undefined => {
  const row = `Request ${request} for a score`
  const long = continuations.find((continuation) => continuation.length > positions)
  if (long !== undefined) {
    return new RowUnfit({ row, reason: `a continuation has ${long.length} tokens, the model ${positions} positions.` })
  }
  return [context, ...continuations]
    .map((ids) => unknownToken(row, ids, vocabulary))
    .find((reason) => reason !== undefined)
}

/** Scores requests, in their order. */
export type Scorer = (
  requests: ReadonlyArray<ScoreRequest>
) => Effect.Effect<ReadonlyArray<ReadonlyArray<ContinuationScore>>, RowUnfit | RuntimeFailure>

const numbersOf = (tensor: HostTensor | undefined): Float32Array => {
  if (tensor?.element !== "float32") throw new Error("internal: log-probabilities that are no float32")
  return tensor.data
}

/** The first token of a job that a label is read from: its hidden state is needed, not only its keys and values. */
const firstLabelled = ({ spans }: Job): number =>
  spans.reduce((least, { labels }) => Math.min(least, labels[0]?.token ?? least), Infinity)

/** A job after `prefix` tokens that are computed already. */
const after = (prefix: number, job: Job): Job => ({
  ...rest(job, prefix),
  spans: job.spans.map((span) => ({
    ...span,
    labels: span.labels.map((label) => ({ ...label, token: label.token - prefix }))
  }))
})

/**
 * Attention that leaves keys and values of some places alone, int32 [places], and none waiting to be cut down to those:
 * what leaves a graph stays in memory to its end, asked for or not.
 */
const leaving =
  (places: Tensor, attend: Attend): Attend =>
  (layer, query, key, value) => {
    const attended = attend(layer, query, key, value)
    const left = { key: turned(gather(turned(attended.key), places, 3)), value: gather(attended.value, places, 2) }
    return { ...left, output: awaiting(left.key, awaiting(left.value, attended.output)) }
  }

/**
 * Log-probabilities of labels in sequences that follow the tokens whose keys and values the registers hold, and keys and
 * values of the places `held`, int32 [held].
 */
const scoreGraph = (model: Model, parts: number): Serialized => {
  const { backbone, weight } = model
  const inputs = packingInputs()
  const prefix = { keyValues: cacheInputs(model, 1, "prefix"), segment: zeros("int32", [1, "prefix"]) }
  const attend = leaving(input("held", "int32", ["held"]), packedAttention(inputs, backbone.cache.size, prefix))
  const { hidden, keyValues } = hiddenStates(model, inputs, attend)
  const logProbabilities = labelLogProbabilities(hidden, weight(backbone.outputWeight), parts)
  const outputs = { "log-probabilities": logProbabilities, ...cacheOutputs(keyValues) }
  return serialize({ name: "scores", outputs })
}

interface Worker {
  readonly session: Session
  readonly process: RuntimeProcess
}

/** Which places of a run's sequences to give keys and values of: the first so many. */
const heldFeed = (count: number) => ({
  held: int32(
    [count],
    Int32Array.from({ length: count }, (_, place) => place)
  )
})

/** Has the registers hold the keys and values of a sequence, which may be empty. */
const hold = Effect.fnUntraced(function* (
  model: Model,
  { process, session }: Worker,
  prefix: Sequence
): Effect.fn.Return<void, RuntimeFailure> {
  const registers = cacheRegisters(model)
  yield* process.put(emptyCache(model, 1))
  if (prefix.ids.length === 0) return
  yield* session.run({
    feeds: { ...packingFeeds([prefix]), ...logProbabilityFeeds([]), ...heldFeed(prefix.ids.length) },
    resident: Object.fromEntries(registers.map((register) => [register, register])),
    fetch: [],
    keep: Object.fromEntries(registers.map((register) => [renewedCache(register), register]))
  })
})

/**
 * A model ready to score, for as long as the scope lives. All continuations of a request are computed in one sequence,
 * each blind to the others, and what all requests of a call begin with is computed once; contexts are cut from the left
 * to the model's positions, as the evaluation harness does. Memory: one batch in each process, however many requests;
 * scores do not depend on which requests share a batch or a call, up to float32 rounding.
 */
export const makeScorer = Effect.fn("makeScorer")(function* (
  model: Model,
  { batchTokens }: ScoreOptions
): Effect.fn.Return<Scorer, RuntimeFailure, OnnxRuntime | Scope.Scope> {
  const { config } = model
  const program = scoreGraph(model, partsFor(batchTokens, config.vocabulary))
  const resident = Object.fromEntries(cacheRegisters(model).map((register) => [register, register]))
  const runtime = yield* OnnxRuntime
  const workers = yield* Effect.forEach(
    yield* runtime.acquireAll,
    (process) => Effect.map(process.open(program), (session): Worker => ({ session, process })),
    { concurrency: "unbounded" }
  )

  const compute = Effect.fn("score.compute")(function* ({ session }: Worker, jobs: ReadonlyArray<Job>) {
    const begin = starts(jobs)
    const spans = jobs.flatMap((job, index) =>
      job.spans.map((span) => ({
        ...span,
        labels: span.labels.map((label) => ({ ...label, token: label.token + (begin[index] ?? 0) }))
      }))
    )
    const labels = spans.flatMap((span) => span.labels)
    const feeds = { ...packingFeeds(jobs), ...logProbabilityFeeds(labels), ...heldFeed(0) }
    const outputs = yield* session.run({ feeds, resident, fetch: ["log-probabilities"] })
    const values = numbersOf(outputs["log-probabilities"])
    let at = 0
    return spans.map(({ continuation, labels, request }) => {
      const own = values.subarray(at, (at += labels.length))
      const logProbability = own.reduce((sum, value) => sum + value, 0)
      return { request, continuation, score: { logProbability, tokens: own.length } }
    })
  })

  return Effect.fn("score")(function* (requests) {
    const failure = requests
      .map((request, index) => unfit(request, index, config))
      .find((reason) => reason !== undefined)
    if (failure !== undefined) return yield* failure
    const scores = requests.map(({ continuations }) =>
      continuations.map((): ContinuationScore => ({ logProbability: 0, tokens: 0 }))
    )
    const jobs = requests
      .flatMap((request, index) => jobsOf(request, index, config.positions))
      .filter(({ spans }) => spans.some(({ labels }) => labels.length > 0))
      .toSorted((a, b) => a.ids.length - b.ids.length)
    const prefix = prefixLength(jobs, firstLabelled)
    const [first] = jobs
    if (first === undefined) return scores
    yield* Effect.forEach(workers, (worker) => hold(model, worker, beginning(first, prefix)), {
      concurrency: "unbounded",
      discard: true
    })
    const own = jobs.map((job) => after(prefix, job))
    yield* share(workers, groupByTokens(own, batchTokens), compute, (computed) => {
      for (const { continuation, request, score } of computed) {
        const own = scores[request]
        if (own === undefined) throw new Error("internal: a score that nobody asked for")
        own[continuation] = score
      }
    })
    return scores
  })
})
