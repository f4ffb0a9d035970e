/** Parquet and Arrow files that pyarrow wrote, read as the rows that it was given. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import * as path from "node:path"
import { readFile } from "../../src/source/readFile.ts"
import { plain } from "../../src/source/plain.ts"
import { rowFile } from "./rowFile.ts"

const golden = (name: string): Buffer => readFileSync(path.join(import.meta.dirname, "golden", "columns", name))
const rows: ReadonlyArray<unknown> = JSON.parse(golden("rows.json").toString())

const read = (name: string, bytes: Buffer) =>
  Effect.map(
    Stream.runCollect(Stream.mapEffect(readFile(rowFile(name, bytes), ["**"]), ({ rows }) => rows)),
    (batches) => batches.flat()
  )

const parquet = ["none", "snappy", "gzip", "zstd", "brotli", "lz4"].map((codec) => `${codec}.parquet`)
const arrow = ["file.arrow", "stream.arrow", "dictionary.arrow"]

describe("a columnar file", () => {
  it.effect.each([...parquet, ...arrow])("%s has the rows that were written", (name) =>
    Effect.gen(function* () {
      const found = yield* read(name, golden(name))
      assert.deepStrictEqual(
        found.map(({ value }) => value),
        rows
      )
      assert.deepStrictEqual(
        found.map(({ index }) => index),
        rows.map((_, index) => index)
      )
    })
  )

  it.effect.each(["none.parquet", "zstd.parquet", "file.arrow", "stream.arrow"])(
    "%s that was cut off is refused",
    (name) =>
      Effect.gen(function* () {
        const whole = golden(name)
        const failure = yield* Effect.flip(read(name, whole.subarray(0, Math.floor(whole.length / 2))))
        assert.strictEqual(failure._tag, "ColumnsUnreadable")
        assert.include(failure.message, name)
      })
  )

  it.effect.each(["a.parquet", "a.arrow"])("%s that is something else is refused", (name) =>
    Effect.gen(function* () {
      for (const content of ["", "[1]", "x".repeat(1000)]) {
        assert.strictEqual((yield* Effect.flip(read(name, Buffer.from(content))))._tag, "ColumnsUnreadable")
      }
    })
  )
})

it("values are those that JSON would have, and no digit of an integer is lost", () => {
  assert.deepStrictEqual(
    plain({ small: 5n, large: 2n ** 60n, at: new Date(0), list: new Int32Array([1, 2]), deep: [{ a: 1n }] }),
    { small: 5, large: 2n ** 60n, at: "1970-01-01T00:00:00.000Z", list: [1, 2], deep: [{ a: 1 }] }
  )
})
