/** What is known of an artifact that may not be made yet: a sample of its rows, its files as far as they are here. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { existsSync } from "node:fs"
import type { FilesReader, ModelReader, StageFailure, TableReader } from "../../pipeline/Reader.ts"
import { sampleReader } from "../../pipeline/sample.ts"
import type { Store } from "../../store/Store.ts"
import { filesReader, readerOf, readValue } from "../readers.ts"
import { filesOf, type Resolved } from "../Resolved.ts"

/** Rows of a sample, at most. */
export const sampleRows = 4096

export type Sample =
  | {
      readonly kind: "table"
      readonly schema: Schema.Codec<unknown, unknown>
      readonly sample: ReadonlyArray<unknown>
      readonly total: number
      /** Whether the sample is the whole table, and the total no estimate. */
      readonly exact: boolean
    }
  | { readonly kind: "files"; readonly reader: FilesReader; readonly here: boolean }
  | { readonly kind: "model"; readonly reader: ModelReader; readonly here: boolean }
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "unknown"; readonly reason: string }

/** Evenly spaced positions of a table. */
const positions = (rows: number): ReadonlyArray<number> =>
  Array.from({ length: Math.min(rows, sampleRows) }, (_, at) => Math.floor((at * rows) / Math.min(rows, sampleRows)))

/** The sample of an artifact that is there, or of which at least the sizes are known. */
export const sampleOf = (resolved: Resolved): Effect.Effect<Sample, StageFailure, Store> => {
  const here = () => filesOf(resolved).every(({ location }) => existsSync(location))
  switch (resolved.kind) {
    case "table":
      return Effect.gen(function* () {
        // A table's reader reads the rows of the table's schema.
        const reader = (yield* readerOf(resolved)) as TableReader<unknown>
        const sample = yield* reader.take(positions(reader.rows))
        const { rows: total, schema } = resolved
        return { kind: "table", schema, sample, total, exact: sample.length === total } as const
      })
    case "value":
      return Effect.map(readValue(resolved), (value) => ({ kind: "value", value }))
    case "files":
      return Effect.succeed({ kind: "files", reader: filesReader(resolved.files), here: here() })
    case "model": {
      const reader = { base: filesReader(resolved.base), adapters: resolved.adapters.map(filesReader) }
      return Effect.succeed({ kind: "model", reader, here: here() })
    }
  }
}

/** A sample as a stage reads it. */
export const readerOfSample = (sample: Sample): unknown => {
  switch (sample.kind) {
    case "table":
      return sampleReader(sample.sample, sample.schema, sample.total)
    case "files":
    case "model":
      return sample.reader
    case "value":
      return sample.value
    case "unknown":
      throw new Error("internal: a sample of what is unknown is read")
  }
}

/** Bytes of the files of a sample. */
export const bytesOf = ({ entries }: FilesReader): number => entries.reduce((all, { size }) => all + size, 0)

/** One file of a reader, and how many of its bytes were read so far. */
export const oneFile = (files: FilesReader, path: string) => {
  let read = 0
  const count = (bytes: Uint8Array) => void (read += bytes.length)
  const reader: FilesReader = {
    ...files,
    entries: files.entries.filter((entry) => entry.path === path),
    bytes: (name) => Effect.tap(files.bytes(name), (bytes) => Effect.sync(() => count(bytes))),
    slice: (name, offset, length) =>
      Effect.tap(files.slice(name, offset, length), (bytes) => Effect.sync(() => count(bytes))),
    stream: (name) => Stream.tap(files.stream(name), (bytes) => Effect.sync(() => count(bytes)))
  }
  return { reader, read: () => read }
}
