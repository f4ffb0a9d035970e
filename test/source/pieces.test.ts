/** Pieces of text are cut by their rows alone: not by how the bytes came, nor by the file that a row stands in or its neighbours. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readRows } from "../../src/source/json.ts"
import { inPieces } from "../../src/source/pieces.ts"

/** Rows of some 700 bytes: 42 MB. */
const rows = Array.from({ length: 60_000 }, (_, index) =>
  JSON.stringify({ text: `第${index}の文`.repeat(40), number: index * index })
)

const chunked = (bytes: Uint8Array, size: number): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
  )

const layouts: { readonly [name: string]: (rows: ReadonlyArray<string>) => string } = {
  "a.jsonl": (all) => all.join("\n"),
  "a.json": (all) => `[${all.join(",")}]`,
  "spaced.json": (all) => `[\n  ${all.join(",\n  ")}\n]\n`
}

/** Digest and number of rows of each piece. */
const piecesOf = (file: string, text: string, chunk: number) =>
  inPieces(readRows(file, chunked(Buffer.from(text), chunk))).pipe(
    Stream.mapEffect(({ batches, digest }) =>
      Effect.map(
        Effect.forEach(batches, (batch) => batch.rows),
        (all) => ({
          digest,
          rows: all.flat().map(({ value }) => JSON.stringify(value))
        })
      )
    ),
    Stream.runCollect
  )

for (const [file, write] of Object.entries(layouts)) {
  it.effect(`${file}: the same pieces, however the bytes are cut`, () =>
    Effect.gen(function* () {
      const whole = yield* piecesOf(file, write(rows), 2 ** 20)
      assert.isAbove(whole.length, 5)
      assert.deepStrictEqual(
        whole.flatMap((piece) => piece.rows),
        rows
      )
      for (const chunk of [10_000, 2 ** 30]) {
        assert.deepStrictEqual(yield* piecesOf(file, write(rows), chunk), whole)
      }
    })
  )

  it.effect(`${file}: a row that is put in, or taken out, changes a few pieces`, () =>
    Effect.gen(function* () {
      const known = new Set((yield* piecesOf(file, write(rows), 2 ** 16)).map(({ digest }) => digest))
      for (const edited of [rows.toSpliced(7, 0, '"new"'), rows.toSpliced(25_000, 1), [...rows, '"last"']]) {
        const pieces = yield* piecesOf(file, write(edited), 2 ** 16)
        assert.deepStrictEqual(
          pieces.flatMap((piece) => piece.rows),
          edited
        )
        const changed = pieces.filter(({ digest }) => !known.has(digest))
        assert.isAtLeast(changed.length, 1)
        assert.isAtMost(changed.length, 3)
      }
    })
  )
}

it.effect("the same bytes mean other rows in another layout, and have another digest", () =>
  Effect.gen(function* () {
    const digests = yield* Effect.forEach(["a.jsonl", "b.json"], (file) => piecesOf(file, "[1]", 10))
    assert.notStrictEqual(digests[0]?.[0]?.digest, digests[1]?.[0]?.digest)
  })
)

it.effect("a file that goes on where another ended is not one file", () =>
  Effect.gen(function* () {
    const of = (first: string, second: string) =>
      Stream.runCollect(
        inPieces(
          Stream.concat(
            readRows("a.jsonl", chunked(Buffer.from(first), 9)),
            readRows("b.jsonl", chunked(Buffer.from(second), 9))
          )
        )
      )
    const [[one], [two]] = [yield* of("1\n2", "3"), yield* of("1", "2\n3")]
    assert.notStrictEqual(one?.digest, two?.digest)
  })
)

it.effect("a piece ends at 16 MiB if no row ends it, and memory holds no more", () =>
  Effect.gen(function* () {
    const row = '{"text": "the same as ever, word for word"}'
    const chunk = 2 ** 16
    const pieces = yield* piecesOf("a.jsonl", Array.from({ length: 900_000 }, () => row).join("\n"), chunk)
    assert.strictEqual(pieces.length, 3)
    for (const piece of pieces.slice(0, -1)) {
      const bytes = piece.rows.length * (row.length + 1)
      assert.isAtLeast(bytes, 2 ** 24)
      assert.isAtMost(bytes, 2 ** 24 + 2 * chunk)
    }
  })
)
