/** What tests of models share: golden folders as readers, and the values computed by transformers and PEFT. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs"
import { join } from "node:path"
import { linear } from "../../src/graph/build.ts"
import { serialize } from "../../src/graph/serialize.ts"
import { packedAttention } from "../../src/model/attention.ts"
import { hiddenStates, openModel } from "../../src/model/Model.ts"
import { packingFeeds, packingInputs, plainSequence } from "../../src/model/packing.ts"
import type { FilesContent, FilesReader, ModelReader, TableReader } from "../../src/pipeline/Reader.ts"
import { layer } from "../../src/runtime/layer.ts"
import { OnnxRuntime, type RuntimeProcess } from "../../src/runtime/OnnxRuntime.ts"

const golden = join(import.meta.dirname, "golden")
export type Golden = "parallel" | "sequential" | "llama"

/** The runtime on one thread. */
export const Runtime = layer({ provider: "cpu", intraOpThreads: 1 })

/** A part of a file, without the rest of it passing through memory. */
const slice = (file: string, offset: number, length: number): Uint8Array => {
  const descriptor = openSync(file, "r")
  try {
    const part = new Uint8Array(length)
    return part.subarray(0, readSync(descriptor, part, 0, length, offset))
  } finally {
    closeSync(descriptor)
  }
}

/** The files of a folder, as a stage would be given them. */
export const folderReader = (folder: string): FilesReader => {
  const bytes = (path: string) => new Uint8Array(readFileSync(join(folder, path)))
  const paths = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
  return {
    entries: paths.map((path) => ({ path, size: statSync(join(folder, path)).size, digest: "" })),
    bytes: (path) => Effect.sync(() => bytes(path)),
    slice: (path, offset, length) => Effect.sync(() => slice(join(folder, path), offset, length)),
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
  parts: [{ digest: "rows", first: 0, rows: rows.length, batches: Stream.succeed(rows) }],
  take: (indices) => Effect.sync(() => Array.from(indices, (index) => rows[index]).filter((row) => row !== undefined))
})

/** A folder of the golden files. */
export const goldenFolder = (...path: ReadonlyArray<string>): FilesReader => folderReader(join(golden, ...path))

/** The text of a golden file. */
export const goldenText = (...path: ReadonlyArray<string>): string => readFileSync(join(golden, ...path), "utf8")

/** The same files with one put in, or in place of another; the runtime cannot find that one. */
export const withFile = (files: FilesReader, name: string, content: Uint8Array): FilesReader => ({
  ...files,
  entries: [...files.entries.filter(({ path }) => path !== name), { path: name, size: content.length, digest: "" }],
  bytes: (path) => (path === name ? Effect.succeed(content) : files.bytes(path)),
  slice: (path, offset, length) =>
    path === name ? Effect.succeed(content.slice(offset, offset + length)) : files.slice(path, offset, length),
  stream: (path) => (path === name ? Stream.succeed(content) : files.stream(path))
})

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

const Reference = Schema.fromJsonString(
  Schema.Struct({
    rows: Schema.Array(Numbers),
    logits: Schema.Array(Schema.Array(Numbers)),
    perplexity: Schema.Array(Schema.Struct({ prompt: Schema.Int, loss: Schema.Finite })),
    choices: Schema.Array(Schema.Struct({ context: Numbers, continuations: Schema.Array(Numbers), scores: Numbers })),
    generation: Schema.Array(Schema.Struct({ prompt: Numbers, answer: Numbers })),
    training: Schema.optionalKey(Schema.Struct({ token: Training, "micro-batch": Schema.optionalKey(Training) }))
  })
)

/** What the reference tools compute; see test/reference/models.py. */
export const reference = (name: Golden) =>
  Schema.decodeUnknownSync(Reference)(readFileSync(join(golden, name, "reference.json"), "utf8"))

/** The largest absolute difference of two lists. */
export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length
    ? Array.from(a, (value, index) => Math.abs(value - (b[index] ?? NaN))).reduce((x, y) => (x >= y ? x : y), 0)
    : Infinity

/** Logits of every token of the rows, one after the other, computed by a process that is there already. */
export const logitsIn = Effect.fn("logitsIn")(function* (
  process: RuntimeProcess,
  reader: ModelReader,
  rows: ReadonlyArray<ReadonlyArray<number>>
) {
  const model = yield* openModel(reader)
  const inputs = packingInputs()
  const { hidden } = hiddenStates(model, inputs, packedAttention(inputs, model.backbone.cache.size))
  const logits = linear(hidden, model.weight(model.backbone.outputWeight))
  const session = yield* process.open(serialize({ name: "logits", outputs: { logits } }))
  const feeds = packingFeeds(rows.map((row) => plainSequence(Int32Array.from(row))))
  const result = (yield* session.run({ feeds, fetch: ["logits"] }))["logits"]
  return result?.element === "float32" ? Array.from(result.data) : []
})

/** The same by a process of its own. */
export const logitsOf = Effect.fn("logitsOf")(function* (
  reader: ModelReader,
  rows: ReadonlyArray<ReadonlyArray<number>>
) {
  const runtime = yield* OnnxRuntime
  return yield* logitsIn(yield* runtime.acquire, reader, rows)
})
