/** Readers are what a running stage receives in place of artifacts, contents what it gives back: data, never places. */
import type * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { AnyRow, Artifact, Files, InputTree, Model, Table, Value } from "./Artifact.ts"

/** A failure of a stage's work or of what it reads; `message` is one paragraph for a person. */
export interface StageFailure {
  readonly _tag: string
  readonly message: string
}

/** Rows that stand in a table one after the other. */
export interface TablePart<out Row> {
  /** What decides its rows, besides their schema. */
  readonly digest: string
  /** Position of its first row in the table. */
  readonly first: number
  readonly rows: number
  readonly batches: Stream.Stream<ReadonlyArray<Row>, StageFailure>
}

/** Rows of a table, read batch by batch; no method holds more than a few batches in memory. */
export interface TableReader<out Row> {
  readonly rows: number
  readonly schema: Schema.Codec<Row, unknown>
  readonly batches: Stream.Stream<ReadonlyArray<Row>, StageFailure>
  /** The same rows, as the parts that they are stored in. */
  readonly parts: ReadonlyArray<TablePart<Row>>
  /** Rows by position, in the order asked for. */
  readonly take: (indices: ReadonlyArray<number> | Int32Array) => Effect.Effect<ReadonlyArray<Row>, StageFailure>
}

/** One file of a `FilesReader`. */
export interface FileEntry {
  /** Path relative to the folder or pattern that found it, with forward slashes. */
  readonly path: string
  readonly size: number
  /** sha256 of the bytes, in hex; of a small file on the Hub "git:" and the sha1 that git gives it. */
  readonly digest: string
}

/** Whole lines of a file of lines. Where it ends, its lines decide: most sections of a file that was changed are those it had before. */
export interface FileSection {
  /** Where it begins in the file. */
  readonly offset: number
  /** Bytes; more than 16 MiB only by what its last line has beyond them. */
  readonly length: number
  /** sha256 of its bytes, in hex. */
  readonly digest: string
}

/** Named files, readable whole, in part, or as a stream. */
export interface FilesReader {
  readonly entries: ReadonlyArray<FileEntry>
  readonly bytes: (path: string) => Effect.Effect<Uint8Array, StageFailure>
  readonly slice: (path: string, offset: number, length: number) => Effect.Effect<Uint8Array, StageFailure>
  readonly stream: (path: string) => Stream.Stream<Uint8Array, StageFailure>
  /** All of a file of lines, but a byte order mark, in sections; not offered where reading all of it is out of the question. */
  readonly sections?: (path: string) => Effect.Effect<ReadonlyArray<FileSection>, StageFailure>
  /** Where the runtime finds the bytes; a stage passes it on and can do nothing else with it. */
  readonly location: (path: string) => string
}

/** A base model's files and those of each adapter on it, in the order in which they apply. */
export interface ModelReader {
  readonly base: FilesReader
  readonly adapters: ReadonlyArray<FilesReader>
}

/** Files that a stage makes: path to bytes. */
export type FilesContent = { readonly [path: string]: Uint8Array }

/** The same, where a file too large for memory is a stream, pulled once. */
export type StreamedFilesContent = {
  readonly [path: string]: Uint8Array | Stream.Stream<Uint8Array, StageFailure>
}

/** A tuned model: the model it was tuned from and the adapter's files. */
export interface ModelContent {
  readonly from: ModelReader
  readonly adapter: FilesContent
}

/** Batches of rows, pulled once. */
export type Rows<Row> = Stream.Stream<ReadonlyArray<Row>, StageFailure>

/** Some of a table's rows, made from a piece of what the stage reads. */
export interface Piece<Row> {
  /**
   * What decides these rows besides the stage, its config and its other inputs, in a few words that never stand for anything else; null where
   * that is not known, or keeping them is not worth while. Rows that are in the store are not asked for again.
   */
  readonly decidedBy: string | null
  readonly rows: Rows<Row>
}

/** A table in pieces, each of which comes from a piece of one input alone. */
export interface PiecedRows<Row> {
  /** The reader of that input. */
  readonly from: unknown
  /** Pulled once, as are the rows of each; a piece is begun when all before it are stored but one. */
  readonly pieces: Stream.Stream<Piece<Row>, StageFailure>
  /** Has the last word, when it is known how many rows there are. */
  readonly judge: (rows: number) => Effect.Effect<void, StageFailure>
}

/** What a stage gives for a table. */
export type TableContent<Row> = Rows<Row> | PiecedRows<Row>

/** A row of which the type says nothing is still a record of columns. */
type KnownRow<Row> = unknown extends Row ? AnyRow : Row

/** The reader of each artifact; lists and records of artifacts become lists and records of readers. */
export type ReaderOf<Input extends InputTree> =
  Input extends Table<infer Row>
    ? TableReader<KnownRow<Row>>
    : Input extends Model
      ? ModelReader
      : Input extends Value<infer A>
        ? A
        : Input extends Files
          ? FilesReader
          : Input extends ReadonlyArray<infer Item extends InputTree>
            ? ReadonlyArray<ReaderOf<Item>>
            : Input extends { readonly [name: string]: InputTree }
              ? { readonly [Name in keyof Input]: ReaderOf<Input[Name]> }
              : never

/** The content of each artifact. */
export type ContentOf<Output extends Artifact> =
  Output extends Table<infer Row>
    ? TableContent<KnownRow<Row>>
    : Output extends Model
      ? ModelContent
      : Output extends Value<infer A>
        ? A
        : Output extends Files
          ? StreamedFilesContent
          : never
