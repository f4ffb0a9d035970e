/** What a stage gives becomes objects and records in the store, and records become artifacts again. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { open } from "node:fs/promises"
import type { ModelContent, StageFailure, StreamedFilesContent, TableContent } from "../pipeline/Reader.ts"
import type { OutputRecord } from "../store/ActionRecord.ts"
import { digestOf } from "../store/Digest.ts"
import type { ObjectRef } from "../store/ObjectRef.ts"
import { attemptAsync } from "../store/disk.ts"
import { Store } from "../store/Store.ts"
import { StageBroken } from "./Errors.ts"
import { type PieceKeys, writePieces } from "./pieces.ts"
import { canonicalText, type JsonValue } from "./config/JsonValue.ts"
import type { OutputPromise } from "../pipeline/Node.ts"
import type { Step } from "./Recipe.ts"
import { compareText, filesDigest, modelDigest, type Resolved, type ResolvedFile } from "./Resolved.ts"
import type * as Tree from "./Tree.ts"

/** Input ports by the reader that the stage was given for them, so that a model can say what it was tuned from. */
export type PortOf = (reader: unknown) => string | null

/** Names of parts sort as the parts do. */
const partFile = (index: number): string => `part-${String(index).padStart(6, "0")}.arrow`

const valueFile = "value.json"

const writeRows = (schema: Schema.Codec<unknown, unknown>, rows: TableContent<unknown>, keys: PieceKeys) =>
  Effect.map(writePieces(schema, rows, keys), ({ digest, parts, run }) => {
    const objects = Object.fromEntries(parts.map(({ file }, index) => [partFile(index), file]))
    return record("table", digest, objects, { rows: run.rows, parts: parts.map((part) => part.rows) })
  })

const writeValue = (step: Step, schema: Schema.Codec<unknown, unknown>, value: unknown) =>
  Effect.gen(function* () {
    const store = yield* Store
    const encoded = yield* Schema.encodeUnknownEffect(Schema.toCodecJson(schema), { errors: "all" })(value).pipe(
      Effect.mapError((error) => brokenError(step, `its result does not fit the schema it promised: ${error.message}`))
    )
    const bytes = Buffer.from(canonicalText(encoded as JsonValue))
    return record("value", digestOf(bytes), { [valueFile]: yield* store.objects.putBytes(bytes) }, {})
  })

/** Writes bytes as they come: memory for one piece. */
const putStream = (bytes: Stream.Stream<Uint8Array, StageFailure>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* Store
      const temporary = yield* store.objects.temporary
      const handle = yield* Effect.acquireRelease(
        attemptAsync("write an object", temporary, () => open(temporary, "wx", 0o600)),
        (opened) => Effect.promise(() => opened.close())
      )
      yield* Stream.runForEach(bytes, (piece) =>
        attemptAsync("write an object", temporary, () => handle.writeFile(piece))
      )
      return yield* store.objects.commit(temporary)
    })
  )

const putFiles = (content: StreamedFilesContent) =>
  Effect.gen(function* () {
    const store = yield* Store
    const objects: Record<string, ObjectRef> = {}
    for (const name of Object.keys(content).sort(compareText)) {
      const bytes = content[name]
      if (bytes === undefined) continue
      objects[name] = yield* bytes instanceof Uint8Array ? store.objects.putBytes(bytes) : putStream(bytes)
    }
    return objects
  })

const entriesOf = (objects: { readonly [path: string]: ObjectRef }, locate: (ref: ObjectRef) => string) =>
  Object.entries(objects)
    .map(([path, ref]): ResolvedFile => ({
      path,
      size: ref.size,
      digest: ref.digest,
      location: locate(ref),
      writtenAt: null
    }))
    .toSorted((a, b) => compareText(a.path, b.path))

const writeFiles = (content: StreamedFilesContent) =>
  Effect.gen(function* () {
    const objects = yield* putFiles(content)
    return record("files", filesDigest(entriesOf(objects, () => "")), objects, {})
  })

const writeModel = (step: Step, content: ModelContent, portOf: PortOf, inputs: InputsResolved) =>
  Effect.gen(function* () {
    const port = portOf(content.from)
    const from = port === null ? null : modelAt(inputs, port)
    if (port === null || from === null) {
      return yield* broken(step, "it gave a model that was tuned from none of its inputs")
    }
    const objects = yield* putFiles(content.adapter)
    const digest = modelDigest(from.base, [...from.adapters, entriesOf(objects, () => "")])
    return record("model", digest, objects, { from: port })
  })

const record = (
  kind: OutputRecord["kind"],
  digest: string,
  objects: OutputRecord["objects"],
  meta: OutputRecord["meta"]
): OutputRecord => ({ kind, digest, objects, meta })

const brokenError = (step: Step, reason: string) =>
  new StageBroken({ step: step.name, stage: step.node.stage.name, reason })

const broken = (step: Step, reason: string) => Effect.fail(brokenError(step, reason))

export type InputsResolved = { readonly [port: string]: Tree.Tree<Resolved> }

const modelAt = (inputs: InputsResolved, port: string) => {
  const tree = inputs[port]
  return tree?.kind === "leaf" && tree.leaf.kind === "model" ? tree.leaf : null
}

/**
 * Stores everything that a stage gave, output by output in the order of its ports, so that a later output may depend on an
 * earlier one having been read. Tables flow through in batches.
 */
export const writeOutputs = (
  step: Step,
  contents: { readonly [name: string]: unknown },
  portOf: PortOf,
  inputs: InputsResolved,
  pieceKeys: (output: string) => PieceKeys
): Effect.Effect<{ readonly [name: string]: OutputRecord }, StageFailure, Store> =>
  Effect.gen(function* () {
    const records: Record<string, OutputRecord> = {}
    for (const [name, promise] of Object.entries(step.node.outputs)) {
      if (!(name in contents)) return yield* broken(step, `it promised the output "${name}" and did not give it`)
      records[name] = yield* writeOne(step, promise, contents[name], portOf, inputs, pieceKeys(name))
    }
    return records
  })

/** The types of a stage's contents are checked where it is declared; here each is what its promise says. */
const writeOne = (
  step: Step,
  promise: OutputPromise,
  content: unknown,
  portOf: PortOf,
  inputs: InputsResolved,
  pieceKeys: PieceKeys
): Effect.Effect<OutputRecord, StageFailure, Store> => {
  switch (promise.kind) {
    case "table":
      return writeRows(promise.schema, content as TableContent<unknown>, pieceKeys)
    case "value":
      return writeValue(step, promise.schema, content)
    case "files":
      return writeFiles(content as StreamedFilesContent)
    case "model":
      return writeModel(step, content as ModelContent, portOf, inputs)
  }
}

const TableMeta = Schema.Struct({ rows: Schema.Int, parts: Schema.Array(Schema.Int) })
const ModelMeta = Schema.Struct({ from: Schema.String })

const tableOf = (
  schema: Schema.Codec<unknown, unknown>,
  { digest, objects }: OutputRecord,
  meta: typeof TableMeta.Type,
  files: ReadonlyArray<ResolvedFile>
): Resolved | null => {
  const parts = files.flatMap((file, index) => {
    const [stored, rows] = [objects[file.path], meta.parts[index]]
    return stored === undefined || rows === undefined ? [] : [{ file, stored, rows }]
  })
  return parts.length === meta.parts.length ? { kind: "table", digest, schema, parts, rows: meta.rows } : null
}

/** The artifact that a record describes; null when the record does not fit what the node promises. */
export const resolveOutput = (
  promise: OutputPromise,
  output: OutputRecord,
  inputs: InputsResolved,
  locate: (ref: ObjectRef) => string
): Resolved | null => {
  if (output.kind !== promise.kind) return null
  const files = entriesOf(output.objects, locate)
  const [file] = files
  switch (promise.kind) {
    case "table":
      return Schema.is(TableMeta)(output.meta) ? tableOf(promise.schema, output, output.meta, files) : null
    case "value":
      return file === undefined ? null : { kind: "value", digest: output.digest, schema: promise.schema, file }
    case "files":
      return { kind: "files", digest: output.digest, files }
    case "model": {
      const from = Schema.is(ModelMeta)(output.meta) ? modelAt(inputs, output.meta.from) : null
      return from === null
        ? null
        : { kind: "model", digest: output.digest, base: from.base, adapters: [...from.adapters, files] }
    }
  }
}
