/** Running a stage that computes nothing on samples, in memory: what it makes of them tells what it makes of all. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtemp, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import * as path from "node:path"
import type { FilesReader, StageFailure, TableContent } from "../../pipeline/Reader.ts"
import { piecesOf } from "../../pipeline/rowwise.ts"
import type { OnnxRuntime } from "../../runtime/OnnxRuntime.ts"
import type { Step } from "../Recipe.ts"
import * as Tree from "../Tree.ts"
import { bytesOf, oneFile, readerOfSample, type Sample, sampleRows } from "./samples.ts"

/** What a stage gave for samples, and how long all of it would take. */
export interface Tried {
  readonly outputs: { readonly [name: string]: Sample }
  readonly seconds: number
}

/** Files of which a part is read, at most. */
const filesTried = 32

/** A stage may make more rows than it reads; beyond so many times as many it is not waited for. */
const growth = 16

/** Rows of one piece of a table that are waited for: the bytes that it comes from have been read, so that its rows are theirs. */
const pieceRows = 65_536

type Rows = { readonly [output: string]: number }

/** The rows of a table's content, up to the end of the piece, or else of the batch, in which there are `enough`. */
const someOf = (content: TableContent<unknown>, enough: (rows: number) => boolean) =>
  Effect.gen(function* () {
    const { judge, pieces } = piecesOf(content)
    let count = 0
    const batches = pieces.pipe(
      Stream.takeWhile(() => !enough(count)),
      Stream.flatMap(({ decidedBy, rows }) =>
        Stream.takeUntil(rows, (batch) => {
          count += batch.length
          return enough(count) && (decidedBy === null || count >= pieceRows)
        })
      )
    )
    const rows = [...(yield* Stream.runCollect(batches))].flat()
    if (!enough(count)) yield* judge(count)
    return rows
  })

/** The rows of each table that a stage gives, until `enough` of them; other outputs are left where they are. */
const runTables = (step: Step, readers: unknown, enough: (rows: number) => boolean) =>
  Effect.gen(function* () {
    const contents = yield* step.node.stage.run(readers as never, step.config.value as never)
    const tables: Record<string, ReadonlyArray<unknown>> = {}
    for (const [name, promise] of Object.entries(step.node.outputs)) {
      if (promise.kind !== "table") continue
      tables[name] = yield* someOf(contents[name] as TableContent<unknown>, enough)
    }
    return tables
  })

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const started = yield* Clock.currentTimeMillis
    const result = yield* effect
    return { result, seconds: ((yield* Clock.currentTimeMillis) - started) / 1000 }
  })

const tableOf = (step: Step, output: string, sample: ReadonlyArray<unknown>, total: number, exact: boolean): Sample => {
  const promise = step.node.outputs[output]
  if (promise?.kind !== "table") throw new Error(`internal: "${output}" of "${step.name}" is no table`)
  return { kind: "table", schema: promise.schema, sample, total, exact }
}

const evenly = <A>(items: ReadonlyArray<A>, count: number): ReadonlyArray<A> =>
  Array.from({ length: Math.min(items.length, count) }, (_, at) => {
    const every = Math.max(1, items.length / count)
    return items[Math.floor(at * every)]
  }).filter((item) => item !== undefined)

/**
 * A stage that reads files alone is run on one after the other, on the beginning of those that are long: rows are to all rows as
 * bytes are to all bytes. `readersWith` gives its readers with other files in place of `files`.
 */
export const tryFiles = (
  step: Step,
  files: FilesReader,
  readersWith: (files: FilesReader) => unknown
): Effect.Effect<Tried, StageFailure, OnnxRuntime> =>
  Effect.gen(function* () {
    const entries = evenly(files.entries, filesTried)
    const most = Math.ceil(sampleRows / entries.length)
    const found = new Map<string, { readonly sample: ReadonlyArray<unknown>; readonly rows: number }>()
    let [bytes, seconds, whole] = [0, 0, entries.length === files.entries.length]
    for (const { path: name, size } of entries) {
      const { read, reader } = oneFile(files, name)
      const enough = (rows: number) => rows >= most && read() < size
      const { result, seconds: taken } = yield* timed(runTables(step, readersWith(reader), enough))
      const ended = Object.values(result).every((rows) => !enough(rows.length))
      bytes += ended ? size : Math.max(1, read())
      seconds += taken
      whole &&= ended
      for (const [output, rows] of Object.entries(result)) {
        const before = found.get(output) ?? { sample: [], rows: 0 }
        found.set(output, {
          sample: [...before.sample, ...rows.slice(0, ended ? sampleRows : most)],
          rows: before.rows + rows.length
        })
      }
    }
    const factor = whole ? 1 : bytesOf(files) / bytes
    const outputs = [...found].map(([output, { rows, sample }]) => [
      output,
      tableOf(step, output, sample, Math.round(rows * factor), whole && sample.length === rows)
    ])
    return { outputs: Object.fromEntries(outputs), seconds: seconds * factor }
  })

/**
 * A stage that reads tables is run on their samples: rows that it gives are to the rows of the first table as in the samples,
 * unless `decided` says how many there are.
 */
export const tryTables = (
  step: Step,
  samples: { readonly [port: string]: Tree.Tree<Sample> },
  decided: Rows
): Effect.Effect<Tried, StageFailure, OnnxRuntime> =>
  Effect.gen(function* () {
    const readers = Object.entries(samples).map(([port, tree]) => [port, Tree.unwrap(Tree.map(tree, readerOfSample))])
    const tables = Object.values(samples)
      .flatMap(Tree.leaves)
      .flatMap((sample) => (sample.kind === "table" ? [sample] : []))
    const [first] = tables
    const factor = first === undefined || first.sample.length === 0 ? 1 : first.total / first.sample.length
    const exact = tables.every((table) => table.exact)
    const most = Object.keys(decided).length > 0 ? sampleRows : growth * sampleRows
    const { result, seconds } = yield* timed(runTables(step, Object.fromEntries(readers), (rows) => rows >= most))
    const outputs = Object.entries(result).map(([output, rows]) => {
      const total = decided[output] ?? Math.round(rows.length * factor)
      return [output, tableOf(step, output, rows, total, exact && rows.length === total)]
    })
    const made = Object.values(result).reduce((all, { length }) => all + length, 0)
    const all = Object.values(decided).reduce((sum, rows) => sum + rows, 0)
    const slower = all > 0 && made > 0 ? Math.max(factor, all / made) : factor
    return { outputs: Object.fromEntries(outputs), seconds: seconds * slower }
  })

/** Bytes that a table will have on disk: those of its sample, written aside and removed, for each row. */
export const diskOf = (sample: Extract<Sample, { kind: "table" }>): Effect.Effect<number, StageFailure> =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.promise(() => mkdtemp(path.join(tmpdir(), "tanren-estimate-"))),
        (made) => Effect.promise(() => rm(made, { recursive: true, force: true }))
      )
      const { writeTable } = yield* Effect.promise(() => import("../../table/writeTable.ts"))
      const file = path.join(folder, "part.arrow")
      const sizes = { temporary: Effect.succeed(file), keep: (part: string) => Effect.promise(() => stat(part)) }
      const { parts } = yield* writeTable(sample.schema, Stream.succeed(sample.sample), sizes)
      const size = parts.reduce((sum, part) => sum + part.file.size, 0)
      return sample.sample.length === 0 ? size : (size * sample.total) / sample.sample.length
    })
  )
