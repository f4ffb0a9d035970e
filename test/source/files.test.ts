/** Finding files: which patterns find which, in an order of their own, and what they refuse. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { findFiles } from "../../src/source/files.ts"

/** A folder with the files and links (link to target) of a test; removed after it. */
const folderOf = (files: ReadonlyArray<string>, links: Readonly<Record<string, string>> = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "tanren-files-")))
      const place = (name: string) => {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
        return path.join(folder, name)
      }
      for (const name of files) fs.writeFileSync(place(name), name)
      for (const [link, target] of Object.entries(links)) fs.symlinkSync(target, place(link))
      return folder
    }),
    (folder) => Effect.sync(() => fs.rmSync(folder, { recursive: true }))
  )

const tree = [
  "b.json",
  "a.json",
  "B.json",
  "あ.json",
  "notes.txt",
  "[1].json",
  ".hidden.json",
  "data/2.json",
  "data/10.json",
  "data/.cache/x.json",
  "data/deep/er/3.json",
  "data/deep/4.jsonl"
]

describe("findFiles", () => {
  it.effect.each<[ReadonlyArray<string>, ReadonlyArray<string>]>([
    [["*.json"], ["B.json", "[1].json", "a.json", "b.json", "あ.json"]],
    [["a.json"], ["a.json"]],
    [["./data/../a.json"], ["a.json"]],
    [["data"], ["data/10.json", "data/2.json", "data/deep/4.jsonl", "data/deep/er/3.json"]],
    [["data/"], ["data/10.json", "data/2.json", "data/deep/4.jsonl", "data/deep/er/3.json"]],
    [["data/*"], ["data/10.json", "data/2.json"]],
    [["data/**/*.json"], ["data/10.json", "data/2.json", "data/deep/er/3.json"]],
    [["**/er/*"], ["data/deep/er/3.json"]],
    [["*/deep/*.jsonl"], ["data/deep/4.jsonl"]],
    [["{a,b}.json"], ["a.json", "b.json"]],
    [["?.txt", "notes.*"], []],
    [["[ab].json"], ["a.json", "b.json"]],
    [["[1].json"], ["[1].json"]],
    [["data/.cache/*"], ["data/.cache/x.json"]],
    [[".*.json"], [".hidden.json"]],
    [
      ["b.json", "*.json", "a.json"],
      ["B.json", "[1].json", "a.json", "b.json", "あ.json"]
    ],
    [[], []]
  ])("%j", ([patterns, expected]) =>
    Effect.gen(function* () {
      const folder = yield* folderOf(tree)
      const found = findFiles(folder, patterns)
      if (expected.length === 0 && patterns.length > 0) {
        const error = yield* Effect.flip(found)
        assert.strictEqual(error._tag, "NothingMatched")
        assert.include(error.message, `No file matches "${patterns[0]}" in the folder ${folder}`)
      } else {
        assert.deepStrictEqual(
          yield* found,
          expected.map((name) => path.join(folder, name))
        )
        const absolute = patterns.map((pattern) => path.join(folder, pattern))
        assert.deepStrictEqual(yield* findFiles("/", absolute), yield* found)
      }
    })
  )

  it.effect("follows links, but not in circles", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf(["store/x", "other/y.json"], {
        "model/config.json": "../store/x",
        "model/more": "../other",
        "model/loop": "..",
        "model/more/self": "."
      })
      const found = yield* findFiles(folder, ["model/**/*.json", "model/loop/store"])
      assert.deepStrictEqual(
        found.map((file) => path.relative(folder, file)),
        ["model/config.json", "model/loop/other/y.json", "model/loop/store/x", "model/more/y.json"]
      )
    })
  )

  it.effect("passes over a dead link that is not asked for, and refuses one that is", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf(["a.json"], { "dead.txt": "nowhere" })
      assert.deepStrictEqual(yield* findFiles(folder, ["*.json"]), [path.join(folder, "a.json")])
      const error = yield* Effect.flip(findFiles(folder, ["*"]))
      assert.strictEqual(error._tag, "NotAFile")
      assert.include(error.message, "dead.txt is a link that leads nowhere")
    })
  )

  it.effect("refuses what is no regular file", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf(["a.json"])
      execFileSync("mkfifo", [path.join(folder, "pipe")])
      for (const pattern of ["pipe", "p*", "."]) {
        const error = yield* Effect.flip(findFiles(folder, [pattern]))
        assert.strictEqual(error._tag, "NotAFile")
        assert.include(error.message, "pipe is a named pipe, where a regular file was expected")
      }
    })
  )

  it.effect("says that a folder is not there, or that a folder has no file", () =>
    Effect.gen(function* () {
      const folder = yield* folderOf([])
      const unlisted = yield* Effect.flip(findFiles(folder, ["data/*.json"]))
      assert.strictEqual(unlisted._tag, "FileUnreadable")
      assert.include(unlisted.message, `${path.join(folder, "data")} cannot be read: ENOENT`)
      assert.strictEqual((yield* Effect.flip(findFiles(folder, ["data"])))._tag, "NothingMatched")
      assert.strictEqual((yield* Effect.flip(findFiles(folder, ["."])))._tag, "NothingMatched")
    })
  )
})
