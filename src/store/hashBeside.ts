/** Hashing beside this thread, which meanwhile does something else with the file. */
import * as Effect from "effect/Effect"
import { Worker } from "node:worker_threads"
import { type Digest, trustedDigest } from "./Digest.ts"
import { isErrno } from "./disk.ts"
import { StoreFailure } from "./Errors.ts"

/** Compiled, this module lies beside `hashThread.js`; as it is, beside `hashThread.ts`. */
const code = new URL(import.meta.url.endsWith(".ts") ? "./hashThread.ts" : "./hashThread.js", import.meta.url)

/** sha256 of a file's bytes. */
export const hashBeside = (path: string): Effect.Effect<Digest, StoreFailure> =>
  Effect.callback((resume) => {
    const thread = new Worker(code, { workerData: path })
    thread.on("message", (digest: string) => resume(Effect.succeed(trustedDigest(digest))))
    thread.on("error", (cause) =>
      resume(isErrno(cause) ? Effect.fail(StoreFailure.from("read a file", path, cause)) : Effect.die(cause))
    )
    thread.on("exit", (code) => resume(Effect.die(new Error(`the thread that hashed ${path} ended with ${code}`))))
    return Effect.promise(() => thread.terminate())
  })
