/** Sections of a file of lines: what an independent reading of the rule gives, and the same before and soon after a change. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { join } from "node:path"
import { largestPiece, rowElectsItself, smallestPiece } from "../../src/store/cuts.ts"
import { type Section, sectionsOf } from "../../src/store/sections.ts"
import { folder } from "./stores.ts"

const mebibyte = 2 ** 20

/** Xorshift with 32 bits of state. */
const random = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** Rows of 20 to `longest` bytes. */
const rowsOf = (seed: number, bytes: number, longest: number): ReadonlyArray<string> => {
  const next = random(seed)
  const filler = "何かを書く".repeat(Math.ceil(longest / 15))
  const rows: Array<string> = []
  for (let size = 0; size < bytes;) {
    const row = JSON.stringify([Math.floor(next() * 2 ** 31), filler.slice(0, (next() * longest) / 3)])
    rows.push(row)
    size += Buffer.byteLength(row) + 1
  }
  return rows
}

const asLines = (rows: ReadonlyArray<string>): Buffer => Buffer.from(rows.map((row) => `${row}\n`).join(""))

const sectionsIn = (root: string, content: Buffer): Effect.Effect<ReadonlyArray<Section>> =>
  Effect.promise(() => {
    const path = join(root, "rows.jsonl")
    fs.writeFileSync(path, content)
    return sectionsOf(path)
  })

/** The rule, for a file in memory: the ends of its sections. */
const endsOf = (content: Buffer): ReadonlyArray<number> => {
  const ends: Array<number> = []
  let begin = content.toString("latin1", 0, 3) === "\xef\xbb\xbf" ? 3 : 0
  for (let line = begin; line < content.length;) {
    const feed = content.indexOf(0x0a, line)
    if (feed === -1) break
    const size = feed + 1 - begin
    const mayElect = line - begin >= smallestPiece && rowElectsItself(content, line, feed)
    if (mayElect || (line - begin >= smallestPiece && size >= largestPiece)) {
      ends.push(feed + 1)
      begin = feed + 1
    }
    line = feed + 1
  }
  return begin < content.length ? [...ends, content.length] : ends
}

const giant = `"${"ん".repeat(mebibyte)}"`
const short = rowsOf(3, 14 * mebibyte, 300)
const contents: { readonly [name: string]: Buffer } = {
  "short rows": asLines(short),
  "rows of some kilobytes": asLines(rowsOf(4, 40 * mebibyte, 20_000)),
  "rows longer than a block, and than what elects itself": asLines(
    short.toSpliced(100, 0, giant, giant).toSpliced(30_000, 0, giant)
  ),
  "rows as alike as can be": asLines(
    Array.from({ length: 700_000 }, () => '{"text": "the same as ever, word for word"}')
  ),
  "blank lines, and no line feed at the end": Buffer.from(`\n\n${short.join("\r\n\n")}`),
  "a byte order mark": Buffer.from(`\ufeff${short.join("\n")}\n`),
  "one row": Buffer.from("1"),
  nothing: Buffer.alloc(0)
}

for (const [name, content] of Object.entries(contents)) {
  it.effect(`${name}: sections are all of the file, cut where its lines say`, () =>
    Effect.gen(function* () {
      const sections = yield* sectionsIn(yield* folder, content)
      assert.deepStrictEqual(
        sections.map(({ length, offset }) => offset + length),
        endsOf(content)
      )
      for (const [index, { digest, length, offset }] of sections.entries()) {
        const before = sections[index - 1]
        if (before !== undefined) assert.strictEqual(offset, before.offset + before.length)
        const bytes = content.subarray(offset, offset + length)
        assert.strictEqual(digest, createHash("sha256").update(bytes).digest("hex"))
      }
    })
  )
}

it.effect("sections are of about one size", () =>
  Effect.gen(function* () {
    for (const longest of [300, 3_000]) {
      const sections = yield* sectionsIn(yield* folder, asLines(rowsOf(5, 50 * mebibyte, longest)))
      assert.isAtLeast(sections.length, 8)
      assert.isAtMost(sections.length, 13)
      for (const { length } of sections) assert.isAtMost(length, largestPiece + longest + 30)
    }
  })
)

const row = '[7,"another row"]'
const edits: { readonly [name: string]: (rows: ReadonlyArray<string>, at: number) => ReadonlyArray<string> } = {
  "rows put in": (rows, at) => rows.toSpliced(at, 0, row, row, row),
  "a row taken out": (rows, at) => rows.toSpliced(at, 1),
  "a row changed": (rows, at) => rows.toSpliced(at, 1, row),
  "many rows taken out": (rows, at) => rows.toSpliced(at, 20_000)
}

it.effect("a change anywhere leaves the sections before it, and all but a few after it, what they were", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const rows = rowsOf(11, 48 * mebibyte, 800)
    const before = yield* sectionsIn(root, asLines(rows))
    const known = new Set(before.map(({ digest }) => digest))
    const next = random(12)
    let changed = 0
    for (const edit of Object.values(edits)) {
      for (const place of [0, next()]) {
        const at = Math.floor(place * 0.4 * rows.length)
        const edited = edit(rows, at)
        const position = asLines(rows.slice(0, at)).length
        const after = yield* sectionsIn(root, asLines(edited))
        for (const [index, section] of before.entries()) {
          if (section.offset + section.length <= position) assert.deepStrictEqual(after[index], section)
        }
        const isNew = after.map(({ digest }) => !known.has(digest))
        assert.isTrue(isNew.includes(true))
        assert.isFalse(isNew.at(-1))
        changed += isNew.filter(Boolean).length
      }
    }
    // One is the least; two ways of cutting meet after two more on average.
    assert.isAtMost(changed / 8, 4)
  })
)

it.effect("rows appended change the last section alone", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const rows = rowsOf(13, 40 * mebibyte, 800)
    const before = yield* sectionsIn(root, asLines(rows))
    const after = yield* sectionsIn(root, asLines([...rows, row]))
    assert.deepStrictEqual(after.slice(0, -1), before.slice(0, -1))
    assert.notDeepEqual(after.at(-1), before.at(-1))
  })
)
