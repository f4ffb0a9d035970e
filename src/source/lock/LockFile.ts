/** The lock file beside a pipeline: which commit each name on the Hub is, what lies there, and what each URL gives. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { randomUUID } from "node:crypto"
import * as fs from "node:fs/promises"
import { DiskRefused, LockUnreadable } from "../Errors.ts"

const LockedFile = Schema.Struct({
  /** Bytes. */
  size: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  /** sha256 in hex, or "git:" and the sha1 that git gives the file. */
  digest: Schema.String.check(Schema.isPattern(/^([0-9a-f]{64}|git:[0-9a-f]{40})$/))
})

const LockedCommit = Schema.Struct({
  commit: Schema.String.check(Schema.isPattern(/^[0-9a-f]{40}$/)),
  files: Schema.Record(Schema.String, LockedFile)
})
export type LockedCommit = typeof LockedCommit.Type

export const LockFile = Schema.Struct({
  format: Schema.Literals([1]),
  /** By "dataset owner/name at main". */
  hub: Schema.Record(Schema.String, LockedCommit),
  /** By URL. */
  http: Schema.Record(Schema.String, LockedFile)
})
export type LockFile = typeof LockFile.Type

/** A lock file that pins nothing. */
export const emptyLock: LockFile = { format: 1, hub: {}, http: {} }

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(LockFile))

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Reads a lock file; one that is not there pins nothing. */
export const readLock = (file: string): Effect.Effect<LockFile, LockUnreadable> =>
  Effect.gen(function* () {
    const text = yield* Effect.tryPromise({
      try: () =>
        fs.readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT") return null
          throw error
        }),
      catch: (error) => new LockUnreadable({ file, reason: reasonOf(error) })
    })
    if (text === null) return emptyLock
    return yield* Effect.mapError(decode(text), ({ message }) => new LockUnreadable({ file, reason: message }))
  })

/** Entries in the order of their names, each as one field of an object. */
const fields = <A>(record: { readonly [name: string]: A }, indent: string, text: (value: A) => string): string => {
  const names = Object.keys(record).sort()
  const lines = names.flatMap((name) => {
    const value = record[name]
    return value === undefined ? [] : [`${indent}  ${JSON.stringify(name)}: ${text(value)}`]
  })
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${indent}}`
}

const fileText = ({ digest, size }: typeof LockedFile.Type): string => `{ "size": ${size}, "digest": "${digest}" }`

const commitText = ({ commit, files }: LockedCommit): string =>
  `{\n      "commit": "${commit}",\n      "files": ${fields(files, "      ", fileText)}\n    }`

/** The text of a lock file: one line a file, in order, so that version control shows what moved. */
export const lockText = ({ hub, http }: LockFile): string =>
  `{\n  "format": 1,\n  "hub": ${fields(hub, "  ", commitText)},\n  "http": ${fields(http, "  ", fileText)}\n}\n`

/** Puts a lock file in the place of the one that is there, if it says something else. */
export const writeLock = (file: string, lock: LockFile): Effect.Effect<void, DiskRefused> =>
  Effect.tryPromise({
    try: async () => {
      const text = lockText(lock)
      if ((await fs.readFile(file, "utf8").catch(() => null)) === text) return
      const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`
      await fs.writeFile(temporary, text)
      await fs.rename(temporary, file)
    },
    catch: (error) => new DiskRefused({ path: file, reason: reasonOf(error) })
  })
