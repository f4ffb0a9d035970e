/** What the store asks of a disk: durable, atomic writes, hashes of files, and refusals as typed failures. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { dirname } from "node:path"
import { eachBlock } from "./blocks.ts"
import { type Digest, digestOf, trustedDigest } from "./Digest.ts"
import { StoreFailure } from "./Errors.ts"

/** Folders of a store. */
export interface Folders {
  readonly root: string
  readonly objects: string
  readonly actions: string
  readonly pieces: string
  readonly runs: string
  readonly latest: string
  readonly checkpoints: string
  readonly leases: string
  readonly temporary: string
}

/** Runs synchronous file system calls; their refusal is a `StoreFailure`, any other exception a defect. */
export const attempt = <A>(operation: string, path: string, run: () => A): Effect.Effect<A, StoreFailure> =>
  Effect.suspend((): Effect.Effect<A, StoreFailure> => {
    try {
      return Effect.succeed(run())
    } catch (cause) {
      return isErrno(cause) ? Effect.fail(StoreFailure.from(operation, path, cause)) : Effect.die(cause)
    }
  })

/** The same for calls that wait for the disk without keeping other fibers waiting. */
export const attemptAsync = <A>(
  operation: string,
  path: string,
  run: () => Promise<A>
): Effect.Effect<A, StoreFailure> =>
  Effect.tryPromise({ try: run, catch: (cause) => cause }).pipe(
    Effect.catch((cause) =>
      isErrno(cause) ? Effect.fail(StoreFailure.from(operation, path, cause)) : Effect.die(cause)
    )
  )

/** Whether an exception is the file system's, with a code such as ENOENT. */
export const isErrno = (cause: unknown, ...codes: ReadonlyArray<string>): boolean =>
  cause instanceof Error &&
  "code" in cause &&
  typeof cause.code === "string" &&
  (codes.length === 0 || codes.includes(cause.code))

/** The result of a call, or null where the file is not there. */
export const unlessMissing = <A>(run: () => A): A | null => {
  try {
    return run()
  } catch (cause) {
    if (isErrno(cause, "ENOENT")) return null
    throw cause
  }
}

/** The result of a call that may be refused without harm: tidying up, and writing what can be found out again. */
export const ifAllowed = <A>(run: () => A): A | null => {
  try {
    return run()
  } catch (cause) {
    if (isErrno(cause)) return null
    throw cause
  }
}

/** Makes the names in a folder durable. */
export const syncFolder = (folder: string): void => {
  const file = fs.openSync(folder, "r")
  try {
    fs.fsyncSync(file)
  } finally {
    fs.closeSync(file)
  }
}

/** Puts a small file in place of whatever was there: all of it or nothing. A crash of the machine may undo it. */
export const replaceFile = (path: string, temporary: string, content: string): void =>
  replace(path, temporary, content, false)

/** The same, durable on return. */
export const replaceFileDurably = (path: string, temporary: string, content: string): void => {
  replace(path, temporary, content, true)
  syncFolder(dirname(path))
}

const replace = (path: string, temporary: string, content: string, flush: boolean): void => {
  try {
    fs.writeFileSync(temporary, content, { flag: "wx", flush })
    fs.renameSync(temporary, path)
  } catch (cause) {
    ifAllowed(() => fs.rmSync(temporary, { force: true }))
    throw cause
  }
}

/** Bytes of a file that is read at once, which takes less time than the turns of another thread. */
const small = 1 << 16

/** sha256 of a file's bytes; memory for two blocks of a megabyte. */
export const hashFile = async (path: string): Promise<Digest> => {
  if (fs.statSync(path).size <= small) return digestOf(fs.readFileSync(path))
  const hash = createHash("sha256")
  await eachBlock(path, (block) => void hash.update(block))
  return trustedDigest(hash.digest("hex"))
}
