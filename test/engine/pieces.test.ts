/** After a change of some rows, only the pieces around them are made again, and the tables are those that a run from nothing gives. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"
import { join } from "node:path"
import { recipeOf } from "../../src/engine/Recipe.ts"
import { run } from "../../src/engine/run.ts"
import { writePieces } from "../../src/engine/pieces.ts"
import { layerCpu } from "../../src/runtime/layer.ts"
import { keyOf } from "../../src/store/Digest.ts"
import { Sources } from "../../src/source/Sources.ts"
import { Store } from "../../src/store/Store.ts"
import { experiment, filter, format, load, pipe, prompt } from "../../stages/index.ts"
import { folder } from "../store/stores.ts"

const Row = Schema.Struct({ question: Schema.String, answer: Schema.String })
type Row = typeof Row.Type

/** Rows of some 400 bytes: 100,000 are several pieces of several files. */
const rowAt = (index: number): Row => ({
  question: `第${index}の問い: ${index * 7_919} は三で割り切れますか。`.repeat(5),
  answer: index % 3 === 0 ? "はい、割り切れます。" : "いいえ、割り切れません。"
})

const rows = Array.from({ length: 100_000 }, (_, index) => rowAt(index))

const answered = prompt({ prompt: "{question}\n", response: "{answer}" })

/** Load, filter and format; a row that says so makes the filter fail. */
const pipeline = (files: string, keep: "all" | "some") =>
  pipe(
    load.files({ files, row: Row }),
    keep === "all"
      ? filter({
          name: "none that throws",
          keep: (row) => {
            if (row.question === "throw") throw new Error("thrown")
            return row.answer !== "dropped"
          }
        })
      : filter({ name: "yes", keep: (row) => row.answer.startsWith("はい") }),
    format({ template: answered })
  )

const asLines = (all: ReadonlyArray<Row>): string => all.map((row) => JSON.stringify(row)).join("\n")

/** Writes the rows as a file of each kind: two of JSON Lines, or one array. */
const layouts: { readonly [name: string]: (root: string, all: ReadonlyArray<Row>) => string } = {
  lines: (root, all) => {
    fs.writeFileSync(join(root, "a.jsonl"), asLines(all.slice(0, 20_000)))
    fs.writeFileSync(join(root, "b.jsonl"), asLines(all.slice(20_000)))
    return "*.jsonl"
  },
  array: (root, all) => {
    fs.writeFileSync(join(root, "rows.json"), JSON.stringify(all, null, 1))
    return "rows.json"
  }
}

/** What a run in a store gave: digests of the steps' tables, how many rows the last has, and how many pieces were made. */
const outcome = (root: string, store: string, files: string, keep: "all" | "some" = "all") =>
  Effect.gen(function* () {
    const formatted = pipeline(files, keep)
    const recipe = yield* recipeOf(experiment("pieces", { results: {}, outputs: { formatted } }), Date.now())
    const { pieces } = yield* Store
    const before = new Set(yield* pieces.keys)
    const outcomes = yield* run(recipe, { root, jobs: 1, computeJobs: 1, checkpointSeconds: 0 })
    const made = (yield* pieces.keys).filter((key) => !before.has(key)).length
    const tables = [...outcomes].map(([step, each]) => {
      if (each.kind !== "ran" && each.kind !== "cached") return `${step.name}: ${each.kind}`
      const table = each.known.outputs.rows
      return table?.kind === "table" ? `${step.name}: ${table.rows} rows, ${table.digest}` : assert.fail("no table")
    })
    const [failure] = [...outcomes.values()].flatMap((each) => (each.kind === "failed" ? [each.failure.message] : []))
    return { tables, made, failure }
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        Store.layer(store),
        Sources.layer({ lockFile: join(root, "lock.json"), downloads: join(root, "downloads"), environment: {} }),
        layerCpu
      )
    )
  )

type Edit = (all: ReadonlyArray<Row>) => ReadonlyArray<Row>

/** Each touches a few pieces of the three stages: up to where the text is cut as before. */
const edits: { readonly [name: string]: Edit } = {
  "rows appended": (all) => [...all, ...Array.from({ length: 600 }, (_, index) => rowAt(300_000 + index))],
  "a row put in": (all) => all.toSpliced(30_000, 0, rowAt(200_000)),
  "rows taken out": (all) => all.toSpliced(41_000, 7),
  "a row changed": (all) => all.toSpliced(52_000, 1, { question: "変わりました", answer: "dropped" })
}

for (const [layout, write] of Object.entries(layouts)) {
  it.live(
    `a change of a file in ${layout} costs the pieces around it`,
    () =>
      Effect.gen(function* () {
        const root = yield* folder
        const whole = yield* outcome(root, join(root, "store"), write(root, rows))
        assert.isAbove(whole.made, 18)
        for (const [name, edit] of Object.entries(edits)) {
          const files = write(root, edit(rows))
          const again = yield* outcome(root, join(root, "store"), files)
          const fresh = yield* outcome(root, join(root, `fresh ${name}`), files)
          assert.deepStrictEqual(again.tables, fresh.tables, name)
          assert.notDeepEqual(again.tables, whole.tables, name)
          assert.isAbove(again.made, 0, name)
          assert.isAtMost(again.made, 9, name)
          assert.isAbove(fresh.made, 18, name)
        }
      }),
    { timeout: 240_000 }
  )
}

it.live(
  "another condition or other code shares no piece",
  () =>
    Effect.gen(function* () {
      const root = yield* folder
      const files = layouts.lines?.(root, rows) ?? ""
      yield* outcome(root, join(root, "store"), files, "all")
      const other = yield* outcome(root, join(root, "store"), files, "some")
      const fresh = yield* outcome(root, join(root, "fresh"), files, "some")
      assert.deepStrictEqual(other.tables, fresh.tables)
      // All but those of load, which is the same step.
      assert.isAbove(other.made, 4)
    }),
  { timeout: 120_000 }
)

it.live(
  "what a failed run had made is not made again",
  () =>
    Effect.gen(function* () {
      const root = yield* folder
      const broken = rows.toSpliced(99_999, 1, { question: "throw", answer: "" })
      const files = layouts.lines?.(root, broken) ?? ""
      const failed = yield* outcome(root, join(root, "store"), files)
      assert.match(failed.tables[1] ?? "", /: failed$/)
      layouts.lines?.(root, rows)
      const again = yield* outcome(root, join(root, "store"), files)
      const fresh = yield* outcome(root, join(root, "fresh"), files)
      assert.deepStrictEqual(again.tables, fresh.tables)
      // Of load and filter the last pieces alone; format had not begun.
      assert.isAtMost(again.made, fresh.made / 2 + 2)
    }),
  { timeout: 120_000 }
)

it.live(
  "a part that was damaged under an unchanged stat is made again when a stage reads it",
  () =>
    Effect.gen(function* () {
      const root = yield* folder
      const store = join(root, "store")
      const files = layouts.lines?.(root, rows) ?? ""
      const whole = yield* outcome(root, store, files)
      const damaged = yield* Effect.provide(damageParts(2), Store.layer(store))
      assert.strictEqual(damaged, 2)
      const other = yield* outcome(root, store, files, "some")
      const fresh = yield* outcome(root, join(root, "fresh"), files, "some")
      assert.deepStrictEqual(other.tables, fresh.tables)
      assert.deepStrictEqual((yield* outcome(root, store, files)).tables, whole.tables)
    }),
  { timeout: 120_000 }
)

it.live("a bad row is told by its place in the file, whatever was read before it", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const lines = rows.map((row) => JSON.stringify(row))
    const write = (bad: ReadonlyArray<number>) => {
      const content = lines.map((line, index) => (bad.includes(index) ? '{"question":1}' : line)).join("\n")
      fs.writeFileSync(join(root, "rows.jsonl"), content)
      return outcome(root, join(root, "store"), "rows.jsonl")
    }
    yield* write([])
    const { failure } = yield* write([60_000, 99_000])
    assert.match(failure ?? "", /line 60001\b/)
  })
)

it.effect("of two pieces that fail, the first in the table is told, and so is a piece before the failure of all", () =>
  Effect.gen(function* () {
    const failing = (tag: string, afterTurns: number) => ({
      decidedBy: null,
      rows: Stream.unwrap(
        Effect.as(Effect.repeat(Effect.yieldNow, { times: afterTurns }), Stream.fail({ _tag: tag, message: tag }))
      )
    })
    const whole = Stream.fail({ _tag: "whole", message: "whole" })
    const first = failing("first", 100)
    for (const rest of [Stream.succeed(failing("second", 0)), whole]) {
      const content = { from: null, pieces: Stream.concat(Stream.succeed(first), rest), judge: () => Effect.void }
      const keys = { of: () => null, intact: Effect.succeed(true) }
      assert.strictEqual((yield* Effect.flip(writePieces(Row, content, keys)))._tag, "first")
    }
  }).pipe(Effect.provide(Layer.unwrap(Effect.map(folder, Store.layer))))
)

it.effect("a piece is kept only if what its key names is as it was", () =>
  Effect.gen(function* () {
    const { pieces } = yield* Store
    const piece = { decidedBy: "a part", rows: Stream.succeed(rows.slice(0, 10)) }
    const content = { from: null, pieces: Stream.succeed(piece), judge: () => Effect.void }
    const write = (isIntact: boolean) =>
      writePieces(Row, content, { of: () => keyOf, intact: Effect.succeed(isIntact) })
    const moved = yield* write(false)
    assert.deepStrictEqual(yield* pieces.keys, [])
    const settled = yield* write(true)
    assert.deepStrictEqual(yield* pieces.keys, [keyOf("a part")])
    assert.strictEqual(settled.digest, moved.digest)
  }).pipe(Effect.provide(Layer.unwrap(Effect.map(folder, Store.layer))))
)

/** Alters bytes of some parts of the loaded table, and has its records vouch for the altered files. */
const damageParts = (count: number) =>
  Effect.gen(function* () {
    const { actions, folders, objects } = yield* Store
    for (const key of yield* actions.keys) {
      const record = yield* actions.get(key)
      const refs = record?.stage === "load" ? Object.values(record.outputs.rows?.objects ?? {}).slice(0, count) : []
      for (const ref of refs) {
        const path = objects.path(ref.digest)
        fs.chmodSync(path, 0o644)
        const handle = fs.openSync(path, "r+")
        fs.writeSync(handle, Buffer.from("damage"), 0, 6, Math.floor(ref.size / 2))
        fs.closeSync(handle)
        const stat = fs.statSync(path, { bigint: true })
        const forged = `${stat.size} ${stat.ino} ${stat.mtimeNs} ${stat.ctimeNs}`
        for (const file of [join(folders.actions, `${key}.json`), ...piecesWith(folders.pieces, ref.digest)]) {
          fs.writeFileSync(file, fs.readFileSync(file, "utf8").replaceAll(ref.signature, forged))
        }
      }
      if (refs.length > 0) return refs.length
    }
    return 0
  })

const piecesWith = (pieces: string, digest: string): ReadonlyArray<string> =>
  fs
    .readdirSync(pieces)
    .map((name) => join(pieces, name))
    .filter((file) => fs.readFileSync(file, "utf8").includes(digest))
