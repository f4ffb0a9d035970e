/** Rows out of zip archives, and archives that are made to do harm. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { randomBytes } from "node:crypto"
import { gzipSync } from "node:zlib"
import { readFile } from "../../src/source/readFile.ts"
import { rowFile } from "./rowFile.ts"
import { type ZipEntry, zipOf } from "./zipFile.ts"

const read = (archive: Buffer, members: ReadonlyArray<string> = ["**"]) =>
  Effect.map(
    Stream.runCollect(
      Stream.mapEffect(readFile(rowFile("a.zip", archive), members), ({ path, rows }) =>
        Effect.map(rows, (all) => ({ path, rows: all }))
      )
    ),
    (batches) => batches.flatMap(({ path, rows }) => rows.map(({ index, value }) => [path, index, value]))
  )

const entries: ReadonlyArray<ZipEntry> = [
  { name: "data/b.jsonl", content: '{"n":1}\n{"n":2}\n' },
  { name: "data/", content: "" },
  { name: "data/a.json", content: '[{"n":0}]' },
  { name: "data/c.json.gz", content: gzipSync('[{"n":3}]') },
  { name: "__MACOSX/data/._a.json", content: "not JSON" },
  { name: "notes.txt", content: "not JSON either" }
]

describe("an archive", () => {
  it.effect("has the rows of its files, in the order of their names", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* read(zipOf(entries), ["data/*"]), [
        ["a.zip/data/a.json", 0, { n: 0 }],
        ["a.zip/data/b.jsonl", 0, { n: 1 }],
        ["a.zip/data/b.jsonl", 1, { n: 2 }],
        ["a.zip/data/c.json.gz", 0, { n: 3 }]
      ])
      assert.lengthOf(yield* read(zipOf(entries), ["data/a.json"]), 1)
    })
  )

  it.effect("is read whole where it is large", () =>
    Effect.gen(function* () {
      const rows = Array.from({ length: 20_000 }, (_, n) => ({ n, text: `行${n}` }))
      const found = yield* read(zipOf([{ name: "a.json", content: JSON.stringify(rows) }]))
      assert.deepStrictEqual(
        found.map(([, , value]) => value),
        rows
      )
    })
  )

  it.effect("without the file that is asked for says so", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(read(zipOf(entries), ["*.csv"]))
      assert.include(failure.message, 'No file matches "*.csv" in the folder a.zip')
    })
  )

  it.effect("within an archive, or columns within one, are not read", () =>
    Effect.gen(function* () {
      const inner = yield* Effect.flip(read(zipOf([{ name: "b.zip", content: zipOf(entries) }])))
      assert.strictEqual(inner._tag, "ArchiveRefused")
      assert.include(inner.message, "it lies in another archive")
      const columns = yield* Effect.flip(read(zipOf([{ name: "b.parquet", content: "PAR1" }])))
      assert.include(columns.message, "a.zip/b.parquet cannot be read: it lies in an archive")
    })
  )
})

const row = '[{"n":0}]'

describe("an archive is refused", () => {
  it.effect.each<[string, ReadonlyArray<ZipEntry>, RegExp]>([
    ["that names a file above it", [{ name: "../evil.json", content: row }], /invalid relative path: \.\.\/evil\.json/],
    ["that names a file of the system", [{ name: "/etc/evil.json", content: row }], /absolute path: \/etc\/evil\.json/],
    ["that names a file with backslashes", [{ name: "..\\evil.json", content: row }], /invalid characters/],
    [
      "that has a name twice",
      [
        { name: "a.json", content: row },
        { name: "a.json", content: "[]" }
      ],
      /two files with the name "a\.json"/
    ],
    [
      "whose files overlap",
      [
        { name: "a.json", content: row },
        { name: "b.json", content: row, says: { offset: 3 } }
      ],
      /"b\.json" overlaps/
    ],
    [
      "that says it is larger than can be",
      [{ name: "a.json", content: row, says: { size: 2 ** 30 } }],
      /cannot be as large/
    ],
    ["that holds more than it says", [{ name: "a.json", content: row, says: { size: 5 } }], /too many bytes/],
    ["that holds less than it says", [{ name: "a.json", content: row, says: { size: 12 } }], /not enough bytes/],
    ["whose bytes are others than its checksum", [{ name: "a.json", content: row, says: { checksum: 1 } }], /damaged/],
    ["that is encrypted", [{ name: "a.json", content: row, says: { flags: 1 } }], /encrypted/],
    ["in a method nobody has", [{ name: "a.json", content: row, says: { method: 99 } }], /compression method: 99/]
  ])("%s", ([, some, reason]) =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(read(zipOf(some)))
      assert.strictEqual(failure._tag, "ArchiveRefused")
      assert.match(failure.message, reason)
    })
  )

  it.effect("that grows beyond reason, before any of it is read", () =>
    Effect.gen(function* () {
      const bomb = zipOf([{ name: "a.json", content: randomBytes(1_200_000), says: { size: 1_200_000_000 } }])
      const failure = yield* Effect.flip(read(bomb))
      assert.strictEqual(failure._tag, "ArchiveRefused")
      assert.match(failure.message, /bytes are to become 1200000000, more than 500 times as many/)
    })
  )

  it.effect.each([0, 10, 60])("that is cut after %d bytes, or is none", (length) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(read(zipOf(entries).subarray(0, length))))._tag, "ArchiveRefused")
    })
  )
})
