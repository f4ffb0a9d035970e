/** Large files of lines are read once: while one thread hashes a block, this one cuts it into sections. */
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { blockSize, eachBlock } from "./blocks.ts"
import { type Digest, trustedDigest } from "./Digest.ts"
import { attemptAsync } from "./disk.ts"
import type { StoreFailure } from "./Errors.ts"
import { type Section, sectionCutter } from "./sections.ts"

/** Compiled, this module lies beside `hashThread.js`; as it is, beside `hashThread.ts`. */
const code = new URL(import.meta.url.endsWith(".ts") ? "./hashThread.ts" : "./hashThread.js", import.meta.url)

/** Memory that both threads see. */
const sharedBuffer = (): Buffer => Buffer.from(new SharedArrayBuffer(blockSize))

/** Asks a thread, which answers in the order of the questions. */
const asking = (thread: Worker): ((question: Uint8Array | null) => Promise<string | null>) => {
  const waiting: Array<PromiseWithResolvers<string | null>> = []
  let lost: Error | null = null
  const lose = (cause: Error) => {
    lost ??= cause
    for (const { reject } of waiting.splice(0)) reject(lost)
  }
  thread.on("message", (answer: string | null) => waiting.shift()?.resolve(answer))
  thread.on("error", (cause) => lose(cause instanceof Error ? cause : new Error(String(cause))))
  thread.on("exit", (code) => lose(new Error(`the thread that hashes ended with ${code}`)))
  return (question) => {
    const answer = Promise.withResolvers<string | null>()
    if (lost === null) waiting.push(answer)
    else answer.reject(lost)
    thread.postMessage(question, [])
    return answer.promise
  }
}

/** sha256 of a file, and its sections; memory for two blocks of a megabyte, and the thread. */
export const hashAndCut = (
  path: string
): Effect.Effect<{ readonly digest: Digest; readonly sections: ReadonlyArray<Section> }, StoreFailure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const thread = yield* Effect.acquireRelease(
        Effect.sync(() => new Worker(code)),
        (started) => Effect.promise(() => started.terminate())
      )
      const ask = asking(thread)
      const cutter = sectionCutter()
      const look = async (block: Buffer): Promise<void> => {
        const hashed = ask(block)
        cutter.look(block)
        await hashed
      }
      const digest = yield* attemptAsync("read a file", path, async () => {
        await eachBlock(path, look, [sharedBuffer(), sharedBuffer()])
        return await ask(null)
      })
      return { digest: trustedDigest(digest ?? ""), sections: cutter.end() }
    })
  )
