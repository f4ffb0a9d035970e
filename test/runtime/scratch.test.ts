/** Weights reach a session without a copy, and nothing stays on disk behind it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { hostname, tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { layer } from "../../src/runtime/layer.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { makeScratch } from "../../src/runtime/scratch.ts"
import { external, float32, graph, program } from "./models.ts"

const temporary = (parent: string) =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(parent, "tanren-test-"))),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )

/** y = x + w, where w lies 3 bytes into a file, behind a symbolic link as in a hub's cache. */
const weighted = (directory: string) => {
  mkdirSync(join(directory, "blobs"))
  const blob = join(directory, "blobs", "sha")
  writeFileSync(blob, Buffer.concat([Buffer.alloc(3), Buffer.from(Float32Array.of(10, 20).buffer)]))
  const file = join(directory, "model.safetensors")
  symlinkSync(join("blobs", "sha"), file)
  const sum = graph([["x", [2]]], [["Add", ["x", "w"], ["y"]]], [["y", [2]]], [external("w", [2], "weights", 3)])
  return { blob, program: program("weighted", sum, { weights: file }) }
}

const listing = (directory: string) => readdirSync(directory, { recursive: true, encoding: "utf8" })

describe("a session's files", { timeout: 30_000 }, () => {
  it.live("are hard links that go with the scope", () =>
    Effect.gen(function* () {
      const directory = yield* temporary(tmpdir())
      const scratchDirectory = join(directory, "scratch")
      const { blob, program } = weighted(directory)
      yield* Effect.gen(function* () {
        const runtime = yield* OnnxRuntime
        const session = yield* Effect.flatMap(runtime.acquire, (process) => process.open(program))
        const { y } = yield* session.run({ feeds: { x: float32([2], [1, 2]) }, fetch: ["y"] })
        assert.deepStrictEqual(y, float32([2], [11, 22]))
        assert.strictEqual(statSync(blob).nlink, 2)
      }).pipe(Effect.provide(layer({ provider: "cpu", scratchDirectory })), Effect.scoped)
      assert.strictEqual(statSync(blob).nlink, 1)
      assert.deepStrictEqual(listing(scratchDirectory), [])
    })
  )

  it.live("are readable by their owner alone", () =>
    Effect.gen(function* () {
      const directory = yield* temporary(tmpdir())
      const scratch = yield* makeScratch(join(directory, "scratch"))
      const { path: model } = yield* scratch.place(weighted(directory).program)
      assert.strictEqual(statSync(dirname(model)).mode & 0o077, 0)
    })
  )

  it.live("are swept when the process that owned them is dead, and left when it lives", () =>
    Effect.gen(function* () {
      const directory = yield* temporary(tmpdir())
      const dead = Number(execFileSync(process.execPath, ["-p", "process.pid"], { encoding: "utf8" }))
      const abandoned = `.tanren-runtime~${hostname()}~${dead}~12345~abc`
      const recycled = `.tanren-runtime~${hostname()}~${process.pid}~1~abc`
      const elsewhere = `.tanren-runtime~another-machine~${dead}~12345~abc`
      const unrelated = "notes"
      for (const name of [abandoned, recycled, elsewhere, unrelated]) mkdirSync(join(directory, name))
      const other = yield* makeScratch(directory)
      const alive = dirname((yield* other.place(program("first", graph([], [], [])))).path)
      const scratch = yield* makeScratch(directory)
      const own = dirname((yield* scratch.place(program("second", graph([], [], [])))).path)
      assert.sameMembers(
        readdirSync(directory).map((name) => join(directory, name)),
        [alive, own, join(directory, elsewhere), join(directory, unrelated)]
      )
    })
  )

  it.live("that are missing are named", () =>
    Effect.gen(function* () {
      const directory = yield* temporary(tmpdir())
      const scratch = yield* makeScratch(join(directory, "scratch"))
      const lost = program("weighted", graph([], [], []), { weights: join(directory, "nowhere.safetensors") })
      const failure = yield* Effect.flip(scratch.place(lost))
      assert.match(failure.message, /"weighted".*nowhere\.safetensors/)
    })
  )
})

/** A second file system, where this machine has one. */
const memory = "/dev/shm"
const hasSecondFileSystem =
  process.platform === "linux" && statSync(memory, { throwIfNoEntry: false })?.dev !== statSync(tmpdir()).dev

describe.skipIf(!hasSecondFileSystem)(
  "weights on another file system than the scratch directory",
  { timeout: 30_000 },
  () => {
    it.live("are linked beside themselves, and that is cleared too", () =>
      Effect.gen(function* () {
        const weights = yield* temporary(tmpdir())
        const root = yield* temporary(memory)
        const { blob, program } = weighted(weights)
        const scope = yield* Scope.make()
        const scratch = yield* Scope.provide(makeScratch(root), scope)
        const { path: model } = yield* scratch.place(program)
        assert.isTrue(model.startsWith(join(weights, "blobs")))
        assert.strictEqual(statSync(join(dirname(model), "weights")).ino, statSync(blob).ino)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(readdirSync(root), [])
        assert.strictEqual(statSync(blob).nlink, 1)
        assert.sameMembers(readdirSync(join(weights, "blobs")), ["sha"])
      })
    )

    it.live("are copied when they lie on two of them", () =>
      Effect.gen(function* () {
        const near = yield* temporary(tmpdir())
        const far = yield* temporary(memory)
        const one = weighted(near)
        const two = weighted(far)
        const scratch = yield* makeScratch(join(near, "scratch"))
        const { path: model } = yield* scratch.place({ ...one.program, files: { weights: one.blob, more: two.blob } })
        assert.strictEqual(statSync(join(dirname(model), "more")).size, statSync(two.blob).size)
        assert.notStrictEqual(statSync(join(dirname(model), "more")).dev, statSync(two.blob).dev)
      })
    )
  }
)
