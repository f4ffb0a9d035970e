/** `load` reads rows out of files and checks each against the schema of its table. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as Stream from "effect/Stream"
import type { AnyRow, Outside, Table } from "../src/pipeline/Artifact.ts"
import { RowSchema } from "../src/pipeline/ConfigValue.ts"
import { Progress } from "../src/pipeline/Progress.ts"
import type { FileEntry, FilesReader, Piece, StageFailure } from "../src/pipeline/Reader.ts"
import { anyTable, apply, someFiles, stage, tableOf } from "../src/pipeline/Stage.ts"
import { inPieces } from "../src/source/pieces.ts"
import { formatOf, type RowBatch } from "../src/source/RowFile.ts"
import { hasSections, sectionPieces } from "../src/source/sectionPieces.ts"
import type { ReadPlainRow } from "../src/table/plainRow.ts"
import { type BadRow, BadRowRecord, NoRows, RowRefused, TooManyBadRows } from "./Errors.ts"

/** Bad rows are kept in memory until the good ones are written; a file with more of them is not what it is taken for. */
const mostBadRows = 100_000

const Settings = Schema.Struct({
  row: RowSchema,
  badRows: Schema.Literals(["fail", "set aside"]),
  /** Field of an element of a file that holds its rows; null where each element is one. */
  rows: Schema.NullOr(Schema.NonEmptyString),
  /** Glob patterns of the files in an archive. */
  members: Schema.NonEmptyArray(Schema.NonEmptyString)
})

const problemsOf = SchemaIssue.makeFormatterStandardSchemaV1()

/** What lies at a path inside a value; undefined where nothing does. */
const valueAt = (value: unknown, path: ReadonlyArray<unknown>): unknown =>
  path.reduce<unknown>(
    (inside, key) => (typeof inside === "object" && inside !== null ? Reflect.get(inside, String(key)) : undefined),
    value
  )

/** ", found 3": what a row has at a path, shortened to fit into a sentence; nothing where it has nothing. */
const found = (row: unknown, path: ReadonlyArray<unknown>): string => {
  const value = valueAt(row, path)
  if (value === undefined) return ""
  const text = JSON.stringify(value)
  return `, found ${text.length > 60 ? `${text.slice(0, 57)}...` : text}`
}

const describeIssue = (issue: SchemaIssue.Issue, row: unknown): string =>
  problemsOf(issue)
    .issues.map(({ message, path = [] }) => {
      const place = path.length === 0 ? "" : `the field "${path.map(String).join(".")}": `
      return `${place}${message}${found(row, path)}`
    })
    .join("; ")

/** The list that a value has at "field" or "field.within.field"; null where there is none. */
const listAt = (value: unknown, field: string): ReadonlyArray<unknown> | null => {
  const list = valueAt(value, field.split("."))
  return Array.isArray(list) ? list : null
}

type Refuse = (bad: BadRow) => Effect.Effect<void, RowRefused | TooManyBadRows>

/** Rows as their schema wants them; `refuse` takes those that do not fit, `count` hears how many there were. */
const decoder = (
  { row, rows: field }: Pick<typeof Settings.Type, "row" | "rows">,
  plain: ReadPlainRow | null,
  refuse: Refuse,
  count: (rows: number) => Effect.Effect<void>
) => {
  const decode = Schema.decodeUnknownResult(row, { errors: "all" })
  return (batch: RowBatch) =>
    Effect.gen(function* () {
      const file = batch.path
      const rows: Array<unknown> = []
      let read = 0
      for (const { index, line, value } of yield* batch.rows) {
        const inner = field === null ? [value] : listAt(value, field)
        if (inner === null) {
          yield* refuse({ file, row: index, line, problem: `the field "${field}" is no list of rows` })
          continue
        }
        for (const [position, one] of inner.entries()) {
          const plainly = plain?.(one) ?? null
          if (plainly !== null) {
            rows.push(plainly)
            continue
          }
          const decoded = decode(one)
          if (Result.isSuccess(decoded)) {
            rows.push(decoded.success)
            continue
          }
          const problem = describeIssue(decoded.failure.issue, one)
          yield* refuse({
            file,
            row: index,
            line,
            problem: field === null ? problem : `${field}[${position}]: ${problem}`
          })
        }
        read += inner.length
      }
      yield* count(read)
      // The schema that decoded the rows is the one that the table promises.
      return rows as ReadonlyArray<{ readonly [column: string]: unknown }>
    })
}

/** Less than this many bytes are read as a whole: they cost less than the keeping of pieces. */
const worthPieces = 2 ** 22

/**
 * Pieces of files: text in pieces that its rows decide, small files together, and each file that is no text as a whole, by its digest. Of a
 * large file of lines, text is not even read where its rows are there.
 */
const piecesOf = (
  files: FilesReader,
  batchesOf: (entry: FileEntry) => Stream.Stream<RowBatch, StageFailure>,
  rowsOf: (batch: RowBatch) => Effect.Effect<ReadonlyArray<AnyRow>, StageFailure>
): Stream.Stream<Piece<AnyRow>, StageFailure> => {
  const isText = ({ path }: FileEntry) => ["json", "zip"].includes(formatOf(path))
  const isJoined = (entry: FileEntry) => isText(entry) && !hasSections(files, entry)
  const worth = files.entries.reduce((bytes, { size }) => bytes + size, 0) >= worthPieces
  const ofText = (entries: ReadonlyArray<FileEntry>): Stream.Stream<Piece<AnyRow>, StageFailure> =>
    Stream.map(inPieces(Stream.flatMap(Stream.fromIterable(entries), batchesOf)), ({ batches, digest }) => ({
      decidedBy: digest === null ? null : `text ${digest}`,
      rows: Stream.mapEffect(Stream.rechunk(Stream.fromIterable(batches), 1), rowsOf)
    }))
  const whole = (entries: ReadonlyArray<FileEntry>, decidedBy: string | null): Stream.Stream<Piece<AnyRow>> =>
    Stream.succeed({
      decidedBy,
      rows: Stream.mapEffect(Stream.flatMap(Stream.fromIterable(entries), batchesOf), rowsOf)
    })
  if (!worth) return whole(files.entries, null)
  const runs: Array<Array<FileEntry>> = []
  for (const entry of files.entries) {
    const last = runs.at(-1)
    if (last?.[0] !== undefined && isJoined(last[0]) && isJoined(entry)) last.push(entry)
    else runs.push([entry])
  }
  return Stream.flatMap(Stream.fromIterable(runs), (run) => {
    const [first] = run
    if (first === undefined || isJoined(first)) return ofText(run)
    return isText(first) ? sectionPieces(files, first, rowsOf) : whole(run, `file ${first.digest}`)
  })
}

const loadStage = stage({
  name: "load",
  module: import.meta.url,
  computes: false,
  config: Settings,
  inputs: { files: someFiles },
  outputs: { rows: anyTable, setAside: tableOf(BadRowRecord) },
  run: ({ files }, { badRows, members, ...settings }) =>
    Effect.gen(function* () {
      const { readFile } = yield* Effect.promise(() => import("../src/source/readFile.ts"))
      const { plainRow } = yield* Effect.promise(() => import("../src/table/plainRow.ts"))
      const { report } = yield* Progress
      const bad: Array<BadRow> = []
      let read = 0
      const refuse: Refuse = (one) =>
        badRows === "fail"
          ? Effect.fail(new RowRefused(one))
          : bad.push(one) > mostBadRows
            ? Effect.fail(new TooManyBadRows({ most: mostBadRows, last: new RowRefused(one).message }))
            : Effect.void
      const count = (rows: number) => Effect.suspend(() => report({ done: (read += rows), total: null, unit: "rows" }))
      const rowsOf = decoder(settings, yield* plainRow(settings.row), refuse, count)
      const batchesOf = ({ path, size }: FileEntry) => {
        const slice = (offset: number, length: number) => files.slice(path, offset, length)
        return readFile({ path, size, stream: files.stream(path), slice }, members)
      }
      const someRows = (rows: number) =>
        rows > 0 ? Effect.void : Effect.fail(new NoRows({ files: files.entries.map(({ path }) => path) }))
      const rows =
        badRows === "fail"
          ? { from: files, pieces: piecesOf(files, batchesOf, rowsOf), judge: someRows }
          : // Of a piece that is not read again, nobody knows which rows were bad.
            Stream.fromIterable(files.entries).pipe(
              Stream.flatMap(batchesOf),
              Stream.mapEffect(rowsOf),
              Stream.concat(Stream.fromEffectDrain(Effect.suspend(() => someRows(read))))
            )
      return {
        rows,
        // Outputs are taken in order: when this one is read, all rows have been.
        setAside: Stream.suspend(() => Stream.succeed(bad))
      }
    })
})

/** A loaded table, and the rows that did not fit its schema. */
export interface Loaded<out Row> extends Table<Row> {
  readonly setAside: Table<BadRow>
}

/** What every way to load says of the rows. */
interface RowsOptions<Row> {
  /** What a row must have; further fields are left behind. */
  readonly row: Schema.Codec<Row, unknown>
  /** Whether a row that does not fit is an error that names file, row and field, or is kept apart. */
  readonly badRows?: "fail" | "set aside"
  /** The field that holds rows, where each element of a file has a list of them: "qas", "meta.rows". */
  readonly rows?: string
}

const everyFile = ["**"] as const

const loadFrom = <Row>(
  origin: Outside,
  label: string,
  options: RowsOptions<Row>,
  members: readonly [string, ...ReadonlyArray<string>] = everyFile
): Loaded<Row> => {
  const { badRows = "fail", row, rows: field = null } = options
  const { rows, setAside } = apply(loadStage, {
    config: { row, badRows, rows: field, members },
    inputs: { files: { kind: "files", origin } },
    schemas: { rows: row },
    label: `load: ${label}`
  })
  return { ...rows, setAside }
}

/**
 * Ways to load rows, of several files in the order of their paths. A file's format is told by the end of its name: Parquet, Arrow, a
 * zip archive of such files, or else JSON: an array, or one row a line, plain or gzipped.
 */
export const load = {
  /** Rows of files on this machine. `files` is a glob pattern, or several, relative to `folder`, which is relative to the pipeline file. */
  files: <Row>(
    config: RowsOptions<Row> & { readonly files: string | ReadonlyArray<string>; readonly folder?: string }
  ): Loaded<Row> => {
    const patterns = [config.files].flat()
    return loadFrom({ kind: "external", folder: config.folder ?? ".", patterns }, patterns.join(", "), config)
  },

  /**
   * Rows of a data set on the Hub, "owner/name", at a commit, or at a branch or tag that the lock file holds at one commit.
   * `files` is a glob pattern, or several, over the paths in its repository.
   */
  hub: <Row>(
    id: string,
    config: RowsOptions<Row> & { readonly revision: string; readonly files: string | ReadonlyArray<string> }
  ): Loaded<Row> => {
    const patterns = [config.files].flat()
    const origin = { kind: "hub", repository: "dataset", id, revision: config.revision, patterns } as const
    return loadFrom(origin, `${id}: ${patterns.join(", ")}`, config)
  },

  /** Rows of a file behind a URL. Its bytes are those of `sha256`, or else of the digest in the lock file, or it is an error. */
  http: <Row>(url: string, config: RowsOptions<Row> & { readonly sha256?: string }): Loaded<Row> =>
    loadFrom({ kind: "http", url, sha256: config.sha256 ?? null }, url.replace(/^.*\//, ""), config),

  /**
   * Rows of the files in a zip archive, which is a path relative to the pipeline file, or a URL. `files` are glob patterns over the
   * paths in it; all files by default. Nothing is unpacked.
   */
  zip: <Row>(
    archive: string,
    config: RowsOptions<Row> & {
      readonly files?: string | readonly [string, ...ReadonlyArray<string>]
      readonly sha256?: string
    }
  ): Loaded<Row> => {
    const { files = everyFile } = config
    const origin: Outside = /^https?:/.test(archive)
      ? { kind: "http", url: archive, sha256: config.sha256 ?? null }
      : { kind: "external", folder: ".", patterns: [archive] }
    return loadFrom(origin, archive.replace(/^.*\//, ""), config, typeof files === "string" ? [files] : files)
  }
}
