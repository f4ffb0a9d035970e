/** Objects are whole and intact, or they are misses. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join } from "node:path"
import { checkStore } from "../../src/store/checkStore.ts"
import { digestOf } from "../../src/store/Digest.ts"
import { Store } from "../../src/store/Store.ts"
import { bytes, folder, fresh, opened, output, program, spoken } from "./stores.ts"

/** Changes a stored file as a broken disk would: the mode and the time of change stay. */
const tamper = (path: string, change: (content: Buffer) => Uint8Array): void => {
  const { atime, mtime } = fs.statSync(path)
  const content = change(fs.readFileSync(path))
  fs.chmodSync(path, 0o644)
  fs.writeFileSync(path, content)
  fs.utimesSync(path, atime, mtime)
  fs.chmodSync(path, 0o444)
}

it.effect("bytes come back under their digest, read-only", () =>
  Effect.gen(function* () {
    const { objects } = yield* fresh
    const ref = yield* objects.putBytes(bytes("鍛錬"))
    assert.strictEqual(ref.digest, digestOf("鍛錬"))
    assert.strictEqual(ref.size, 6)
    assert.deepStrictEqual(Buffer.from(yield* objects.read(ref.digest)), Buffer.from("鍛錬"))
    assert.strictEqual(fs.statSync(objects.path(ref.digest)).mode & 0o777, 0o444)
    assert.isTrue(yield* objects.verify(ref, "stat"))
    assert.isTrue(yield* objects.verify(ref, "content"))
  })
)

it.effect("the same bytes twice are one object, and nothing is left in tmp", () =>
  Effect.gen(function* () {
    const { folders, objects } = yield* fresh
    const first = yield* objects.putBytes(bytes("same"))
    const second = yield* objects.putBytes(bytes("same"))
    assert.strictEqual(first.digest, second.digest)
    assert.isTrue(yield* objects.verify(first, "stat"), "the earlier reference still holds")
    assert.deepStrictEqual(fs.readdirSync(folders.temporary), [])
  })
)

it.effect("a writer that fails leaves nothing behind", () =>
  Effect.gen(function* () {
    const { folders, objects } = yield* fresh
    yield* Effect.exit(
      Effect.scoped(
        Effect.gen(function* () {
          fs.writeFileSync(yield* objects.temporary, "half")
          return yield* Effect.fail("the stage failed")
        })
      )
    )
    assert.deepStrictEqual(fs.readdirSync(folders.temporary), [])
  })
)

const damages: ReadonlyArray<[string, (content: Buffer) => Uint8Array]> = [
  ["one flipped bit", (content) => content.with(40, (content[40] ?? 0) ^ 1)],
  ["a truncation", (content) => content.subarray(0, content.length - 1)],
  ["an empty file", () => new Uint8Array(0)],
  ["one more byte", (content) => Buffer.concat([content, Buffer.of(0)])]
]
for (const depth of ["stat", "content"] as const) {
  for (const [name, change] of damages) {
    it.effect(`${name} is a miss by ${depth}, once and for all`, () =>
      Effect.gen(function* () {
        const root = yield* folder
        const ref = yield* (yield* opened(root)).objects.putBytes(bytes("x".repeat(100)))
        const { objects } = yield* opened(root)
        tamper(objects.path(ref.digest), change)
        assert.isFalse(yield* objects.verify(ref, depth))
        assert.isFalse(fs.existsSync(objects.path(ref.digest)))
        assert.isFalse(yield* objects.verify(ref, depth))
        const again = yield* objects.putBytes(bytes("x".repeat(100)))
        assert.isTrue(yield* objects.verify(again, "content"))
      })
    )
  }
}

it.effect("a store that was copied elsewhere is verified by content and then believed", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const ref = yield* (yield* opened(join(root, "a"))).objects.putBytes(bytes("moved"))
    fs.cpSync(join(root, "a"), join(root, "b"), { recursive: true })
    const { objects } = yield* opened(join(root, "b"))
    assert.isTrue(yield* objects.verify(ref, "stat"))
  })
)

it.live(
  "a writer killed at any moment leaves whole objects, and its remains are swept",
  () =>
    Effect.gen(function* () {
      const root = yield* folder
      for (const delay of [0, 30, 70]) {
        const writer = yield* program("write.ts", root)
        yield* spoken(writer)
        yield* Effect.sleep(delay)
        const ended = output(writer)
        writer.kill("SIGKILL")
        yield* ended
        const findings = yield* Effect.provide(checkStore(false), Store.layer(root))
        assert.deepStrictEqual(findings.damaged, [])
        assert.deepStrictEqual(fs.readdirSync(join(root, "tmp")), [])
      }
    }),
  30_000
)

it.effect("a store in a folder that cannot be is a failure that says so", () =>
  Effect.gen(function* () {
    const root = yield* folder
    fs.writeFileSync(join(root, "file"), "")
    const failure = yield* Effect.flip(opened(join(root, "file", "store")))
    assert.strictEqual(failure._tag, "StoreFailure")
    assert.include(failure.message, "A file lies where a folder should be")
  })
)
