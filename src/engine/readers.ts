/** Artifacts as running stages see them: readers over verified bytes, with no way to a path. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import { open, readFile } from "node:fs/promises"
import type { FilesReader, ModelReader, StageFailure } from "../pipeline/Reader.ts"
import { FileUnreadable } from "./Errors.ts"
import type { Resolved, ResolvedFile } from "./Resolved.ts"

const unreadable = (file: ResolvedFile) => (cause: unknown) =>
  new FileUnreadable({ path: file.location, reason: cause instanceof Error ? cause.message : String(cause) })

const readSlice = async (file: ResolvedFile, offset: number, length: number): Promise<Uint8Array> => {
  const handle = await open(file.location)
  try {
    const bytes = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled)
      if (bytesRead === 0) throw new Error(`it ends at byte ${offset + filled}, but ${offset + length} were expected`)
      filled += bytesRead
    }
    return bytes
  } finally {
    await handle.close()
  }
}

/** A reader of named files. A path that is not among the entries is a failure that lists those that are. */
export const filesReader = (files: ReadonlyArray<ResolvedFile>): FilesReader => {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const find = (path: string): Effect.Effect<ResolvedFile, FileUnreadable> => {
    const file = byPath.get(path)
    return file === undefined
      ? Effect.fail(
          new FileUnreadable({
            path,
            reason: `there is no such file among ${[...byPath.keys()].join(", ") || "no files"}`
          })
        )
      : Effect.succeed(file)
  }
  const use = <A>(path: string, read: (file: ResolvedFile) => Promise<A>) =>
    Effect.flatMap(find(path), (file) => Effect.tryPromise({ try: () => read(file), catch: unreadable(file) }))
  return {
    entries: files.map(({ path, size, digest }) => ({ path, size, digest })),
    bytes: (path) => use(path, (file) => readFile(file.location)),
    slice: (path, offset, length) => use(path, (file) => readSlice(file, offset, length)),
    stream: (path) =>
      Stream.unwrap(
        Effect.map(find(path), (file) =>
          Stream.suspend(() =>
            Stream.fromAsyncIterable<Uint8Array, FileUnreadable>(
              createReadStream(file.location, { highWaterMark: 1 << 20 }),
              unreadable(file)
            )
          )
        )
      ),
    location: (path) => {
      const file = byPath.get(path)
      if (file === undefined) throw new Error(`internal: no file "${path}" to locate`)
      return file.location
    }
  }
}

/** The decoded content of a stored value. */
export const readValue = (resolved: Extract<Resolved, { kind: "value" }>): Effect.Effect<unknown, StageFailure> =>
  Effect.gen(function* () {
    const text = yield* Effect.tryPromise({
      try: () => readFile(resolved.file.location, "utf8"),
      catch: unreadable(resolved.file)
    })
    const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.toCodecJson(resolved.schema)))
    return yield* decode(text).pipe(
      Effect.mapError((error) => new FileUnreadable({ path: resolved.file.location, reason: error.message }))
    )
  })

/** The reader of one artifact, open for as long as the scope lives. */
export const readerOf = (resolved: Resolved): Effect.Effect<unknown, StageFailure, Scope.Scope> => {
  switch (resolved.kind) {
    case "table":
      return Effect.gen(function* () {
        const { openTable } = yield* Effect.promise(() => import("../table/openTable.ts"))
        return yield* openTable(resolved.file.location, resolved.schema)
      })
    case "value":
      return readValue(resolved)
    case "files":
      return Effect.succeed(filesReader(resolved.files))
    case "model": {
      const reader: ModelReader = {
        base: filesReader(resolved.base),
        adapters: resolved.adapters.map(filesReader)
      }
      return Effect.succeed(reader)
    }
  }
}
