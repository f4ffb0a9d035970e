/** Files in sections: read only where rows are asked for, with the values that the file has, and errors that name their place in it. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FileSection, FilesReader } from "../../src/pipeline/Reader.ts"
import { readRows } from "../../src/source/json.ts"
import { hasSections, sectionPieces } from "../../src/source/sectionPieces.ts"

/** Rows of some 400 bytes, blank lines among them: 4 MB. */
const lines = Array.from({ length: 10_000 }, (_, index) =>
  index % 7 === 3 ? "" : JSON.stringify({ text: `第${index}の文`.repeat(25), number: index })
)

/** A file in memory whose sections end after these lines, and what was read of it. */
const fileOf = (content: ReadonlyArray<string>, ends: ReadonlyArray<number>, start = "") => {
  const bytes = Buffer.from(start + content.map((line) => `${line}\n`).join(""))
  const read: Array<readonly [from: number, to: number]> = []
  const bytesUpTo = (line: number) =>
    Buffer.byteLength(
      start +
        content
          .slice(0, line)
          .map((each) => `${each}\n`)
          .join("")
    )
  const places = [Buffer.byteLength(start), ...ends.map(bytesUpTo), bytes.length]
  const sections = places.slice(0, -1).map((offset, index): FileSection => {
    return { offset, length: (places[index + 1] ?? 0) - offset, digest: `section ${index}` }
  })
  const entry = { path: "rows.jsonl", size: bytes.length, digest: "" }
  const files: FilesReader = {
    entries: [entry],
    bytes: () => Effect.succeed(bytes),
    slice: (_, offset, length) => {
      read.push([offset, offset + length])
      return Effect.succeed(bytes.subarray(offset, offset + length))
    },
    stream: () => Stream.succeed(bytes),
    sections: () => Effect.succeed(sections),
    location: (path) => path
  }
  return { files, entry, bytes, sections, read }
}

const piecesOf = ({ entry, files }: ReturnType<typeof fileOf>) =>
  Stream.runCollect(sectionPieces(files, entry, (batch) => batch.rows))

it.effect("pieces are known by their sections, and read where their rows are asked for", () =>
  Effect.gen(function* () {
    const file = fileOf(lines, [3_000, 4_000, 9_000])
    const pieces = yield* piecesOf(file)
    assert.deepStrictEqual(
      pieces.map(({ decidedBy }) => decidedBy),
      file.sections.map(({ digest }) => `lines ${digest}`)
    )
    assert.deepStrictEqual(file.read, [])
    yield* Stream.runDrain(pieces[2]?.rows ?? Stream.die("no third piece"))
    const { length = 0, offset = 0 } = file.sections[2] ?? {}
    assert.strictEqual(file.read[0]?.[0], offset)
    assert.strictEqual(file.read.at(-1)?.[1], offset + length)
  })
)

for (const start of ["", "\ufeff"]) {
  it.effect(`all pieces together have the file's rows${start === "" ? "" : ", a byte order mark before them"}`, () =>
    Effect.gen(function* () {
      const file = fileOf(lines, [3_000, 4_000, 9_000], start)
      const pieces = yield* piecesOf(file)
      const rows = yield* Stream.runCollect(Stream.flatMap(Stream.fromIterable(pieces), (piece) => piece.rows))
      const expected = yield* Stream.runCollect(
        Stream.mapEffect(readRows("rows.jsonl", Stream.succeed(file.bytes)), (batch) => batch.rows)
      )
      const valuesOf = (batches: typeof expected) => batches.flat().map(({ value }) => value)
      assert.deepStrictEqual(valuesOf(rows), valuesOf(expected))
    })
  )

  it.effect(`a broken row is told by its place in the file${start === "" ? "" : ", a byte order mark before it"}`, () =>
    Effect.gen(function* () {
      const file = fileOf(lines.toSpliced(8_000, 1, '{"broken'), [3_000, 4_000, 9_000], start)
      const [, , third] = yield* piecesOf(file)
      const found = yield* Effect.flip(Stream.runDrain(third?.rows ?? Stream.die("no third piece")))
      const all = readRows("rows.jsonl", Stream.succeed(file.bytes))
      const expected = yield* Effect.flip(Stream.runDrain(Stream.mapEffect(all, (batch) => batch.rows)))
      assert.deepStrictEqual(found, expected)
      assert.match(found.message, /line 8001\b/)
    })
  )
}

it.effect("a byte order mark in the middle of a file is no row, wherever sections begin", () =>
  Effect.gen(function* () {
    const file = fileOf(lines.toSpliced(3_000, 1, "\ufeff1"), [3_000])
    const [, second] = yield* piecesOf(file)
    const failure = yield* Effect.flip(Stream.runDrain(second?.rows ?? Stream.die("no second piece")))
    assert.match(failure.message, /line 3001\b/)
  })
)

it("small files, other formats, and files whose sections nobody knows are read as they are", () => {
  const { entry, files } = fileOf(lines, [])
  const has = (path: string, size = entry.size) => hasSections(files, { path, size, digest: "" })
  assert.isTrue(has("rows.jsonl", 2 ** 22))
  assert.isTrue(has("rows.NDJSON", 2 ** 22))
  for (const path of ["rows.json", "rows.jsonl.gz", "rows.parquet"]) assert.isFalse(has(path, 2 ** 22), path)
  assert.isFalse(has("rows.jsonl", 2 ** 22 - 1))
  const { sections: _, ...others } = files
  assert.isFalse(hasSections(others, { ...entry, size: 2 ** 22 }))
})
