/** Row files: what is read, however the bytes are cut, and where a broken file is said to break. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { gzipSync } from "node:zlib"
import { readRows } from "../../src/source/json.ts"

const chunked = (bytes: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
  )

const read = (file: string, content: string | Uint8Array, chunkSize = 2 ** 16) =>
  readRows(file, chunked(typeof content === "string" ? Buffer.from(content) : content, chunkSize)).pipe(
    Stream.mapEffect((batch) => batch.rows),
    Stream.runCollect,
    Effect.map((batches) => batches.flat())
  )

const values = (file: string, content: string | Uint8Array, chunkSize?: number) =>
  Effect.map(read(file, content, chunkSize), (rows) => rows.map((row) => row.value))

const difficult = [
  { text: '"quoted", \\ [brackets] {braces}, and\nlines\u2028', "]": "}" },
  "東京 👍🏽 \ufffd \u0000",
  [],
  [[1, [2]], {}],
  {},
  -1.5e-7,
  null,
  true,
  "",
  { nested: { deep: [{ er: '\\\\"' }] } }
]

describe("readRows", () => {
  it.effect("reads arrays, whatever the chunks", () =>
    Effect.gen(function* () {
      for (const text of [JSON.stringify(difficult), `\n ${JSON.stringify(difficult, null, 2)}\r\n\t `]) {
        for (const chunkSize of [1, 2, 3, 5, 7, 64, 10_000]) {
          assert.deepStrictEqual(yield* values("rows.json", text, chunkSize), difficult)
        }
      }
    })
  )

  it.effect("reads JSON Lines, whatever the chunks", () =>
    Effect.gen(function* () {
      const lines = difficult.map((value) => JSON.stringify(value))
      const spread = lines.map((line) => `\n ${line}\n`).join("\n\n")
      for (const text of [lines.join("\n"), `${lines.join("\r\n")}\r\n`, spread]) {
        for (const chunkSize of [1, 2, 3, 5, 7, 64, 10_000]) {
          assert.deepStrictEqual(yield* values("rows.jsonl", text, chunkSize), difficult)
          assert.deepStrictEqual(yield* values("rows.json", text, chunkSize), difficult)
        }
      }
    })
  )

  it.effect.prop("gives back any JSON", { rows: Schema.Array(Schema.Json) }, ({ rows }) =>
    Effect.gen(function* () {
      const text = JSON.stringify(rows, null, 1)
      const expected: unknown = JSON.parse(text)
      assert.deepStrictEqual<unknown>(yield* values("rows.json", text, 3), expected)
      assert.deepStrictEqual<unknown>(
        yield* values("rows.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"), 3),
        expected
      )
    })
  )

  it.effect("numbers rows from 0 and lines from 1", () =>
    Effect.gen(function* () {
      const places = (file: string, text: string, chunkSize: number) =>
        Effect.map(read(file, text, chunkSize), (rows) => rows.map(({ index, line }) => [index, line]))
      for (const chunkSize of [1, 4, 100]) {
        const array = '[\n {"a":\n 1}, {"a": 2},\n\n {"a": "\\n"}\n,4\n]\n'
        assert.deepStrictEqual(yield* places("a.json", array, chunkSize), [
          [0, 2],
          [1, 3],
          [2, 5],
          [3, 6]
        ])
        assert.deepStrictEqual(yield* places("a.jsonl", "1\n\n2\n3", chunkSize), [
          [0, 1],
          [1, 3],
          [2, 4]
        ])
      }
    })
  )

  it.effect("takes a byte order mark, and rows that are arrays", () =>
    Effect.gen(function* () {
      for (const chunkSize of [1, 2, 100]) {
        assert.deepStrictEqual(yield* values("a.json", "\ufeff[1,2]", chunkSize), [1, 2])
        assert.deepStrictEqual(yield* values("a.json", "\ufeff1\n2", chunkSize), [1, 2])
        assert.deepStrictEqual(yield* values("a.ndjson", "[1]\n[2]", chunkSize), [[1], [2]])
      }
    })
  )

  it.effect("finds no rows in an empty array, or in lines without a row", () =>
    Effect.gen(function* () {
      for (const empty of ["[]", " [\n] ", "\ufeff[]"]) {
        assert.deepStrictEqual(yield* values("a.json", empty, 1), [])
      }
      for (const empty of ["", "\n\n", "\ufeff"]) {
        assert.deepStrictEqual(yield* values("a.jsonl", empty, 1), [])
      }
    })
  )

  it.effect("expands gzip, in several members too", () =>
    Effect.gen(function* () {
      const text = JSON.stringify(difficult)
      assert.deepStrictEqual(yield* values("a.json.gz", gzipSync(text), 10), difficult)
      const members = Buffer.concat([gzipSync("1\n2\n"), gzipSync("3\n")])
      assert.deepStrictEqual(yield* values("a.jsonl.gz", members), [1, 2, 3])
    })
  )

  it.effect("gives a batch for each chunk that completes rows", () =>
    Effect.gen(function* () {
      const batches = yield* Stream.runCollect(readRows("a.json", chunked(Buffer.from("[10,20,30,40]"), 6)))
      const rows = yield* Effect.forEach(batches, (batch) => batch.rows)
      assert.deepStrictEqual(
        rows.map(({ length }) => length),
        [1, 2, 1]
      )
    })
  )

  it.effect("can be read twice", () =>
    Effect.gen(function* () {
      const rows = Stream.mapEffect(readRows("a.json", chunked(Buffer.from("[1,2]"), 2)), (batch) => batch.rows)
      assert.deepStrictEqual(yield* Stream.runCollect(rows), yield* Stream.runCollect(rows))
    })
  )

  it.effect("passes a failure of the bytes on", () =>
    Effect.gen(function* () {
      const starts = { "a.json": Buffer.from("[1,"), "a.json.gz": gzipSync("[1]").subarray(0, 12) }
      for (const [file, start] of Object.entries(starts)) {
        const bytes = Stream.concat(chunked(start, 9), Stream.fail({ _tag: "DiskGone" } as const))
        assert.strictEqual((yield* Effect.flip(Stream.runCollect(readRows(file, bytes))))._tag, "DiskGone")
      }
    })
  )
})

const invalid = (before: string, after: string) =>
  Buffer.concat([Buffer.from(before), Buffer.of(0xe3, 0x81), Buffer.from(after)])

describe("readRows, broken", () => {
  it.effect.each<[string, string, string | Uint8Array, number, number, number, RegExp]>([
    // What, file, content, then row, line and byte of the break, and the reason.
    ["a bad row", "a.json", '[{"a": 1},\n {"a": x}, 3]', 1, 2, 12, /Unexpected token 'x'/],
    ["a truncated row", "a.json", '[1,\n{"a": [2', 1, 2, 4, /ends inside this row/],
    ["a string without an end", "a.json", '[1, "a, 2]\n', 1, 1, 4, /ends inside this row/],
    ["a truncated array", "a.json", "[1,\n2,\n", 2, 3, 7, /ends before the array does/],
    ["an empty file", "a.json", "", 0, 1, 0, /ends before the array does/],
    ["a comma too many", "a.json", "[1, 2,\n]", 2, 2, 7, /no row before this comma or bracket/],
    ["two commas", "a.json", "[1,, 2]", 1, 1, 3, /no row before this comma or bracket/],
    ["a leading comma", "a.json", "[,1]", 0, 1, 1, /no row before this comma or bracket/],
    ["a missing comma", "a.json", "[1 2]", 0, 1, 1, /after array element|Unexpected/],
    ["wrong brackets", "a.json", "[1}", 0, 1, 2, /closed by a brace/],
    ["crossed brackets", "a.json", '[{"a": [1}]]', 0, 1, 1, /Expected|Unexpected/],
    ["text after the array", "a.json", "[1]\n[2]", 1, 2, 4, /something follows/],
    ["invalid UTF-8 in an array", "a.json", invalid('["\ufffd",\n"あ', '"]'), 1, 2, 12, /invalid UTF-8/],
    ["a bad line", "a.jsonl", '{"a": 1}\n\n{"a": }\n', 1, 3, 10, /Unexpected token '}'/],
    ["two values on a line", "a.jsonl", "1\n2, 3\n4", 1, 2, 2, /Unexpected/],
    ["a pretty-printed object", "a.json", '{\n "a": 1\n}\n', 0, 1, 0, /Expected property name|end of JSON/],
    ["an array that is named lines", "a.jsonl", "[\n1\n]", 0, 1, 0, /end of JSON/],
    ["invalid UTF-8 in lines", "a.jsonl", invalid('\ufeff"\ufffd"\n"あ', '"'), 1, 2, 13, /invalid UTF-8/],
    ["an archive under another name", "a.json", gzipSync("[1]"), 0, 1, 1, /invalid UTF-8/]
  ])("says where %s is", ([, file, content, row, line, byte, reason]) =>
    Effect.gen(function* () {
      for (const chunkSize of [1, 4, 1000]) {
        const error = yield* Effect.flip(read(file, content, chunkSize))
        if (error._tag !== "RowsUnreadable") return assert.fail(error.message)
        assert.deepInclude(error, { file, row, line, byte }, `in chunks of ${chunkSize}`)
        assert.match(error.message, reason)
      }
    })
  )

  it.effect("says that gzip is broken or truncated", () =>
    Effect.gen(function* () {
      const whole = gzipSync(JSON.stringify(difficult))
      for (const content of [Buffer.from("[1,2]"), whole.subarray(0, -9), whole.subarray(0, 20)]) {
        const error = yield* Effect.flip(read("a.json.gz", content))
        assert.strictEqual(error._tag, "NotGzip")
        assert.include(error.message, "a.json.gz cannot be expanded: ")
      }
    })
  )
})
