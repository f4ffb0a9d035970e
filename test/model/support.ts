/** What tests of models share: golden folders as readers, and the values computed by transformers and PEFT. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { FilesContent, FilesReader, ModelReader, TableReader } from "../../src/pipeline/Reader.ts"
import { layer } from "../../src/runtime/layer.ts"

const golden = join(import.meta.dirname, "golden")
export type Golden = "parallel" | "sequential" | "llama"

/** The runtime on one thread. */
export const Runtime = layer({ provider: "cpu", intraOpThreads: 1 })

/** The files of a folder, as a stage would be given them. */
export const folderReader = (folder: string): FilesReader => {
  const bytes = (path: string) => new Uint8Array(readFileSync(join(folder, path)))
  const paths = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) =>
    entry.name
  )
  return {
    entries: paths.map((path) => ({ path, size: bytes(path).length, digest: "" })),
    bytes: (path) => Effect.sync(() => bytes(path)),
    slice: (path, offset, length) => Effect.sync(() => bytes(path).slice(offset, offset + length)),
    stream: (path) => Stream.sync(() => bytes(path)),
    location: (path) => join(folder, path)
  }
}

/** Files in memory; the runtime cannot find these. */
export const memoryReader = (files: FilesContent): FilesReader => {
  const bytes = (path: string) => files[path] ?? new Uint8Array()
  return {
    entries: Object.entries(files).map(([path, content]) => ({ path, size: content.length, digest: "" })),
    bytes: (path) => Effect.sync(() => bytes(path)),
    slice: (path, offset, length) => Effect.sync(() => bytes(path).slice(offset, offset + length)),
    stream: (path) => Stream.sync(() => bytes(path)),
    location: (path) => `/nowhere/${path}`
  }
}

/** Rows in memory. */
export const tableReader = <Row>(rows: ReadonlyArray<Row>, schema: Schema.Codec<Row, unknown>): TableReader<Row> => ({
  rows: rows.length,
  schema,
  batches: Stream.succeed(rows),
  take: (indices) => Effect.sync(() => Array.from(indices, (index) => rows[index]).filter((row) => row !== undefined))
})

/** A folder of the golden files. */
export const goldenFolder = (...path: ReadonlyArray<string>): FilesReader => folderReader(join(golden, ...path))

/** A golden model under golden adapters. */
export const goldenModel = (name: Golden, ...adapters: ReadonlyArray<string>): ModelReader => ({
  base: goldenFolder(name),
  adapters: adapters.map((adapter) => goldenFolder(name, adapter))
})

const Numbers = Schema.Array(Schema.Finite)
const Training = Schema.Struct({
  losses: Numbers,
  gradientNorms: Numbers,
  learningRates: Numbers,
  validation: Schema.Finite,
  logits: Schema.Array(Numbers)
})

const Reference = Schema.fromJsonString(Schema.Struct({
  rows: Schema.Array(Numbers),
  logits: Schema.Array(Schema.Array(Numbers)),
  perplexity: Schema.Array(Schema.Struct({ prompt: Schema.Int, loss: Schema.Finite })),
  choices: Schema.Array(Schema.Struct({ context: Numbers, continuations: Schema.Array(Numbers), scores: Numbers })),
  generation: Schema.Array(Schema.Struct({ prompt: Numbers, answer: Numbers })),
  training: Schema.optionalKey(Schema.Struct({ token: Training, "micro-batch": Schema.optionalKey(Training) }))
}))

/** What the reference tools compute; see test/reference/models.py. */
export const reference = (name: Golden) =>
  Schema.decodeUnknownSync(Reference)(readFileSync(join(golden, name, "reference.json"), "utf8"))

/** The largest absolute difference of two lists. */
export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length
    ? Array.from(a, (value, index) => Math.abs(value - (b[index] ?? NaN))).reduce((x, y) => x >= y ? x : y, 0)
    : Infinity
