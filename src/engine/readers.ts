/** Artifacts as running stages see them: readers over verified bytes, with no way to a path. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createReadStream } from "node:fs"
import { open, readFile } from "node:fs/promises"
import type { FilesReader, ModelReader, StageFailure } from "../pipeline/Reader.ts"
import { Store } from "../store/Store.ts"
import type { PartFile } from "../table/openTable.ts"
import { FileUnreadable, PartDamaged } from "./Errors.ts"
import type { Resolved, ResolvedFile, ResolvedPart } from "./Resolved.ts"

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

/** A part as its reader opens it: once all of it was checked. */
const checked = (store: Store["Service"], { file, rows, stored }: ResolvedPart): PartFile => ({
  path: file.location,
  rows,
  digest: file.digest,
  ready: Effect.flatMap(store.objects.verify(stored, "content"), (intact) =>
    intact ? Effect.void : Effect.fail(new PartDamaged({ digest: file.digest }))
  )
})

/** The reader of one artifact. What is stored as a table is checked part by part, before a part is first read. */
export const readerOf = (resolved: Resolved): Effect.Effect<unknown, StageFailure, Store> => {
  switch (resolved.kind) {
    case "table":
      return Effect.gen(function* () {
        const store = yield* Store
        const { openTable } = yield* Effect.promise(() => import("../table/openTable.ts"))
        return yield* openTable(
          resolved.parts.map((part) => checked(store, part)),
          resolved.schema
        )
      })
    case "value":
      return readValue(resolved)
    case "files":
      return Effect.map(Store, ({ files }) => {
        const reader = filesReader(resolved.files)
        return { ...reader, sections: (path) => files.sections(reader.location(path)) } satisfies FilesReader
      })
    case "model": {
      const reader: ModelReader = {
        base: filesReader(resolved.base),
        adapters: resolved.adapters.map(filesReader)
      }
      return Effect.succeed(reader)
    }
  }
}
