/**
 * Byte-level BPE in several threads. Texts are shared out, of which this thread takes half a part, since it reads and writes
 * them besides; the ids are those of one thread alone, in the order of the texts.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { EncodeByteLevel, Encoded } from "./byteLevel.ts"
import type { ByteLevelVocabulary } from "./byteLevelVocabulary.ts"
import { ThreadLost } from "./Errors.ts"
import { type PackedBatch, type Prompted, unpacked } from "./packedBatch.ts"

/** Encodes texts; null stands for one that has to go to the library. */
export type EncodeMany = (rows: ReadonlyArray<Prompted>) => Effect.Effect<ReadonlyArray<Encoded | null>, ThreadLost>

/** Characters for which threads are started, as soon as so many were given: a tenth of a second's work, beside which their start is little. */
const worthwhile = 2 ** 19

/** Threads besides this one: beyond these, what reads and writes the texts falls behind. */
const mostThreads = 3

/** Compiled, this module lies beside `thread.js`; as it is, beside `thread.ts`. */
const code = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url)

interface Thread {
  readonly isReady: () => boolean
  /** Answers come in the order of the questions. */
  readonly encode: EncodeMany
}

type Resume = (answer: Effect.Effect<ReadonlyArray<Encoded | null>, ThreadLost>) => void

const start = (vocabulary: ByteLevelVocabulary): { readonly thread: Thread; readonly worker: Worker } => {
  const worker = new Worker(code, { workerData: vocabulary })
  const waiting: Array<Resume> = []
  let ready = false
  let lost: ThreadLost | undefined
  const lose = (reason: string): void => {
    lost ??= new ThreadLost({ reason })
    for (const resume of waiting.splice(0)) resume(lost)
  }
  worker.on("message", (message: "ready" | PackedBatch) => {
    if (message === "ready") ready = true
    else waiting.shift()?.(Effect.succeed(unpacked(message)))
  })
  worker.on("error", (cause) => lose(cause instanceof Error ? cause.message : String(cause)))
  worker.on("exit", (code) => lose(`it ended with ${code}`))
  const encode: EncodeMany = (rows) =>
    Effect.callback((resume) => {
      if (lost !== undefined) return resume(lost)
      waiting.push(resume)
      worker.postMessage(rows, [])
    })
  return { worker, thread: { isReady: () => ready || lost !== undefined, encode } }
}

/** A thread that lives as long as the scope. */
const openThread = (vocabulary: ByteLevelVocabulary): Effect.Effect<Thread, ThreadLost, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({ try: () => start(vocabulary), catch: (cause) => new ThreadLost({ reason: String(cause) }) }),
    ({ worker }) => Effect.promise(() => worker.terminate())
  ).pipe(Effect.map(({ thread }) => thread))

/** Texts that this thread takes at a time, and one beside it: a tenth of a second's work, as long as this one may read or write. */
const rowsHere = 1_024
const rowsBeside = 2 * rowsHere

/** For each thread the rows that it takes, the last of them this one: as many as all take at a time, or its share of fewer. */
const partsOf = <A>(items: ReadonlyArray<A>, beside: number): ReadonlyArray<ReadonlyArray<A>> => {
  const halves = 2 * beside + 1
  const bound = (half: number) => Math.floor((Math.min(half, halves) * items.length) / halves)
  return Array.from({ length: beside + 1 }, (_, part) => items.slice(bound(2 * part), bound(2 * part + 2)))
}

/**
 * Encodes batches with `encode`, and once there are many, in threads beside it: these are in the scope in which the
 * encoder is asked for, and there are none without one. Memory: some 30 MB a thread with 50,000 tokens, beside the texts
 * and ids of one batch.
 */
export const encodeInThreads = Effect.fnUntraced(function* (
  vocabulary: ByteLevelVocabulary,
  encode: EncodeByteLevel
): Effect.fn.Return<EncodeMany> {
  const scope = Option.getOrNull(yield* Effect.serviceOption(Scope.Scope))
  const most = scope === null ? 0 : Math.min(mostThreads, availableParallelism() - 1)
  let given = 0
  let asked = false
  let threads: ReadonlyArray<Thread> = []

  const here: EncodeMany = (rows) =>
    Effect.sync(() => rows.map(({ prompt, response }) => encode(prompt + response, prompt.length)))

  const startThreads = Effect.fnUntraced(function* (): Effect.fn.Return<void, ThreadLost> {
    if (scope === null || asked || given < worthwhile) return
    asked = true
    threads = yield* Effect.forEach(Array.from({ length: most }), () => openThread(vocabulary)).pipe(
      Scope.provide(scope)
    )
  })

  /** Encodes as many of the rows from `first` on as all that encode take at a time. */
  const encodeSome = Effect.fnUntraced(function* (rows: ReadonlyArray<Prompted>, first: number) {
    const ready = threads.filter((thread) => thread.isReady())
    // This thread's own part comes last: the others are at theirs by then.
    const encoders = [...ready.map((thread) => thread.encode), here]
    const some = rows.slice(first, first + ready.length * rowsBeside + rowsHere)
    const parts = partsOf(some, ready.length)
    const results = yield* Effect.forEach(encoders, (encoder, part) => encoder(parts[part] ?? []), {
      concurrency: "unbounded"
    })
    return results.flat()
  })

  return Effect.fnUntraced(function* (rows) {
    given += rows.reduce((all, { prompt, response }) => all + prompt.length + response.length, 0)
    yield* startThreads()
    const results: Array<Encoded | null> = []
    while (results.length < rows.length) {
      for (const result of yield* encodeSome(rows, results.length)) results.push(result)
      // Word of a thread that is ready comes while this one rests.
      if (results.length < rows.length) yield* Effect.yieldNow
    }
    return results
  })
})
