/** Artifacts are the values that pipelines pass around: names for data that a run will produce or find. */
import type * as Schema from "effect/Schema"
import type { Node } from "./Node.ts"

/** A row of which nothing is known but that it has named columns. */
export type AnyRow = { readonly [column: string]: unknown }

/** Files on this machine, outside the store, found by pattern when a plan is made. */
export interface ExternalFiles {
  readonly kind: "external"
  /** Relative to the pipeline file's folder, or absolute; entries are named relative to it. */
  readonly folder: string
  /** Glob patterns inside the folder. */
  readonly patterns: ReadonlyArray<string>
}

/** One pattern, or several in order of preference: of those the first that finds a file counts. */
export type PatternChoice = string | { readonly firstOf: ReadonlyArray<string> }

/** Files of a repository on the Hub. */
export interface HubFiles {
  readonly kind: "hub"
  readonly repository: "dataset" | "model"
  /** "owner/name". */
  readonly id: string
  /** A commit, or a branch or tag: the lock file says which commit that is. */
  readonly revision: string
  /** Glob patterns over the paths in the repository. */
  readonly patterns: ReadonlyArray<PatternChoice>
}

/** A file behind a URL. */
export interface HttpFile {
  readonly kind: "http"
  readonly url: string
  /** sha256 of its bytes, in hex; null leaves it to the lock file. */
  readonly sha256: string | null
}

/** What comes from outside the store. */
export type Outside = ExternalFiles | HubFiles | HttpFile

/** Where an artifact comes from: one output of a node, or files that the user names. */
export type Origin = { readonly kind: "node"; readonly node: Node; readonly output: string } | Outside

/** Rows in a fixed order with one schema. */
export interface Table<out Row> {
  readonly kind: "table"
  readonly schema: Schema.Codec<Row, unknown>
  readonly origin: Origin
}

/** A base model and the adapters tuned on it: accepted wherever a base model is. */
export interface Model {
  readonly kind: "model"
  readonly origin: Origin
}

/** A result small enough to hold in memory: a measurement, a log, a count. */
export interface Value<out A> {
  readonly kind: "value"
  readonly schema: Schema.Codec<A, unknown>
  readonly origin: Origin
}

/** Named files: data as it lies on disk, or a finished report. */
export interface Files {
  readonly kind: "files"
  readonly origin: Origin
}

export type Artifact = Table<unknown> | Model | Value<unknown> | Files

/** What a node reads: one artifact, a list of them, or a record. */
export type InputTree = Artifact | ReadonlyArray<InputTree> | { readonly [name: string]: InputTree }

/** A table in two disjoint parts; row-wise stages take it as they take a table. */
export interface Split<out Row> {
  readonly training: Table<Row>
  readonly validation: Table<Row>
}

/** A table or a split one. */
export type Tabular<Row = unknown> = Table<Row> | Split<Row>

/** The row of a table or split table. */
export type RowOf<T> = T extends Table<infer Row> ? Row : T extends Split<infer Row> ? Row : never

/** The same arrangement with other rows: a split table stays split. */
export type WithRow<T, Row> = T extends Split<unknown> ? Split<Row> : Table<Row>

/** Tells an artifact from the lists and records around it. */
export const isArtifact = (input: InputTree): input is Artifact =>
  "origin" in input && "kind" in input && typeof input.kind === "string"

/** Tells a table from a split table. */
export const isTable = <Row>(tabular: Tabular<Row>): tabular is Table<Row> => "kind" in tabular
