/** Runs a pipeline's stages in memory: what an artifact is, with given readers for the files at its roots. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Artifact, InputTree, Model, Table, Value } from "../../src/pipeline/Artifact.ts"
import { isArtifact } from "../../src/pipeline/Artifact.ts"
import type { Node } from "../../src/pipeline/Node.ts"
import type { FilesReader, ModelReader, StageFailure, TableContent, TableReader } from "../../src/pipeline/Reader.ts"
import { piecesOf } from "../../src/pipeline/rowwise.ts"
import type { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { folderReader, memoryReader, tableReader } from "../model/support.ts"

/** What lies outside the pipeline, by the name of its folder. */
export interface World {
  readonly tables: { readonly [folder: string]: TableReader<unknown> }
  readonly models: { readonly [folder: string]: ModelReader }
  readonly files: { readonly [folder: string]: FilesReader }
}

const nothing: World = { tables: {}, models: {}, files: {} }

/** A table of the world. */
export const givenTable = <Row>(folder: string, schema: Schema.Codec<Row, unknown>): Table<Row> => ({
  kind: "table",
  schema,
  origin: { kind: "external", folder, patterns: [] }
})

/** A world with these rows in it. */
export const rowsIn = <Row>(folder: string, rows: ReadonlyArray<Row>, schema: Schema.Codec<Row, unknown>): World => ({
  ...nothing,
  tables: { [folder]: tableReader(rows, schema) }
})

export type Tiny = "byteLevel" | "sentencePiece"
const tests = join(import.meta.dirname, "..")

/** A tiny model of test/reference/choices.py and its tokenizer. */
export const tinyWorld = (name: Tiny): World => {
  const tokenizer = (file: string) =>
    new Uint8Array(readFileSync(join(tests, "text", "golden", "tokenizers", `${name}.${file}.json`)))
  return {
    ...nothing,
    models: { [name]: { base: folderReader(join(tests, "stages", "golden", name)), adapters: [] } },
    files: {
      [name]: memoryReader({
        "tokenizer.json": tokenizer("tokenizer"),
        "tokenizer_config.json": tokenizer("tokenizer_config")
      })
    }
  }
}

/** All of several worlds. */
export const worldOf = (...worlds: ReadonlyArray<World>): World => ({
  tables: Object.assign({}, ...worlds.map(({ tables }) => tables)),
  models: Object.assign({}, ...worlds.map(({ models }) => models)),
  files: Object.assign({}, ...worlds.map(({ files }) => files))
})

type Running<A> = Effect.Effect<A, StageFailure, OnnxRuntime>

const found = (readers: { readonly [folder: string]: unknown }, folder: string): Running<unknown> => {
  const reader = readers[folder]
  return reader === undefined ? Effect.die(`internal: nothing is given as ${folder}`) : Effect.succeed(reader)
}

const external = (artifact: Artifact, folder: string, world: World): Running<unknown> => {
  switch (artifact.kind) {
    case "table":
      return found(world.tables, folder)
    case "model":
      return found(world.models, folder)
    case "files":
      return found(world.files, folder)
    case "value":
      return Effect.die("internal: a value that no stage makes")
  }
}

/** The reader of each artifact in a tree. */
const readersOf = (input: InputTree, world: World): Running<unknown> => {
  if (isArtifact(input)) return readerOf(input, world)
  if (Array.isArray(input)) return Effect.forEach(input, (item: InputTree) => readersOf(item, world))
  return Effect.map(
    Effect.forEach(Object.entries(input), ([name, item]) =>
      Effect.map(readersOf(item, world), (reader) => [name, reader] as const)
    ),
    Object.fromEntries
  )
}

/** All outputs of a node. The engine checks what it passes; here the pipeline's types stand for that. */
const runNode = (node: Node, world: World): Running<{ readonly [output: string]: unknown }> =>
  Effect.flatMap(readersOf(node.inputs, world), (readers) => node.stage.run(readers as never, node.config as never))

/** All rows that a stage gives. */
const tableRows = (content: TableContent<unknown>) =>
  Effect.gen(function* () {
    const { judge, pieces } = piecesOf(content)
    const rows = (yield* Stream.runCollect(Stream.flatMap(pieces, (piece) => piece.rows))).flat()
    yield* judge(rows.length)
    return rows
  })

/** What a stage that reads the artifact receives. */
export const readerOf = (artifact: Artifact, world: World): Running<unknown> => {
  const { origin } = artifact
  if (origin.kind === "external") return external(artifact, origin.folder, world)
  if (origin.kind !== "node") return Effect.die("internal: nothing is fetched here")
  return Effect.flatMap(runNode(origin.node, world), (contents) => {
    const content = contents[origin.output]
    switch (artifact.kind) {
      case "value":
        return Effect.succeed(content)
      case "table":
        return Effect.map(tableRows(content as TableContent<unknown>), (rows) => tableReader(rows, artifact.schema))
      case "files":
      case "model":
        return Effect.die("internal: no test makes files or models here")
    }
  })
}

/** The rows of a table. */
export const rowsOf = <Row>(table: Table<Row>, world: World): Running<ReadonlyArray<Row>> =>
  Effect.flatMap(readerOf(table, world), (reader) =>
    Effect.map(Stream.runCollect((reader as TableReader<Row>).batches), (batches) => batches.flat())
  )

/** A value. */
export const valueIn = <A>(value: Value<A>, world: World): Running<A> => readerOf(value, world) as Running<A>

/** The table that comes with a value: another output of the same node. */
export const besides = <Row>(value: Value<unknown>, output: string, schema: Schema.Codec<Row, unknown>): Table<Row> => {
  if (value.origin.kind !== "node") throw new Error("internal: a value that no stage makes")
  return { kind: "table", schema, origin: { ...value.origin, output } }
}

/** The tiny model as pipelines name it. */
export const tinyModel = (name: Tiny): Model => ({
  kind: "model",
  origin: { kind: "external", folder: name, patterns: [] }
})
