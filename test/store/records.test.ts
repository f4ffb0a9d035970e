/** Records, runs and the digests of files outlive their process, survive damage, and never lie. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join } from "node:path"
import type { ActionRecord } from "../../src/store/ActionRecord.ts"
import { digestOf } from "../../src/store/Digest.ts"
import type { RunRecord } from "../../src/store/Runs.ts"
import { Store } from "../../src/store/Store.ts"
import { bytes, folder, fresh, key, opened, recordOf } from "./stores.ts"

const run = (id: string, keys: Record<string, string>): RunRecord => ({
  format: 1,
  id,
  experiment: "e",
  started: "2026-01-01T00:00:00Z",
  finished: "2026-01-01T00:00:01Z",
  nodes: Object.fromEntries(Object.entries(keys).map(([node, of]) => [node, { key: key(of), outcome: "ran" }])),
  detail: null
})

it.effect("a record comes back as it was, in canonical bytes", () =>
  Effect.gen(function* () {
    const { actions, folders, objects } = yield* fresh
    const record = recordOf(key("a"), yield* objects.putBytes(bytes("object")))
    assert.isNull(yield* actions.get(key("a")))
    yield* actions.put(record)
    assert.deepStrictEqual(yield* actions.get(key("a")), record)
    assert.deepStrictEqual(yield* actions.keys, [key("a")])
    const file = join(folders.actions, `${key("a")}.json`)
    const text = fs.readFileSync(file, "utf8")
    yield* actions.put({ ...record, ingredients: { inputs: ["b", "a"], config: { keep: "(row) => row.a" } } })
    assert.strictEqual(fs.readFileSync(file, "utf8"), text)
  })
)

it.effect(
  "a record that is shown before it is durable is there for everybody, and vouches for no object by its stat",
  () =>
    Effect.gen(function* () {
      const root = yield* folder
      const { actions, objects } = yield* opened(root)
      const ref = yield* objects.putBytes(bytes("object"))
      yield* actions.show(recordOf(key("a"), ref))
      const refOf = (record: ActionRecord | null) => record?.outputs.rows?.objects.part0 ?? assert.fail("no record")

      const shown = refOf(yield* (yield* opened(root)).actions.get(key("a")))
      assert.strictEqual(shown.digest, ref.digest)
      assert.notStrictEqual(shown.signature, ref.signature)
      assert.isTrue(yield* (yield* opened(root)).objects.verify(shown, "stat"))

      yield* actions.put(recordOf(key("a"), ref))
      assert.deepStrictEqual(refOf(yield* actions.get(key("a"))), ref)
    })
)

it.effect("after a crash that lost an object's bytes, a record that was only shown finds no result", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const { actions, objects } = yield* opened(root)
    const ref = yield* objects.putBytes(bytes("object"))
    yield* actions.show(recordOf(key("a"), ref))
    // A disk may come back with a file's name and length, and zeros where its bytes were to be.
    const file = objects.path(ref.digest)
    fs.chmodSync(file, 0o644)
    fs.writeFileSync(file, new Uint8Array(ref.size))
    const after = yield* opened(root)
    const shown = (yield* after.actions.get(key("a")))?.outputs.rows?.objects.part0 ?? assert.fail("no record")
    assert.isFalse(yield* after.objects.verify(shown, "stat"))
    assert.isFalse(fs.existsSync(file))
  })
)

it.effect("a record that is cut short, of another key or of another format is a miss, and is replaced", () =>
  Effect.gen(function* () {
    const { actions, folders } = yield* fresh
    const record = recordOf(key("a"))
    yield* actions.put(record)
    const file = join(folders.actions, `${key("a")}.json`)
    const text = fs.readFileSync(file, "utf8")
    const ofAnother = [text.replace(key("a"), key("b")), text.replace('"format":1', '"format":2')]
    for (const damaged of [text.slice(0, -1), "", "null", ...ofAnother]) {
      fs.writeFileSync(file, damaged)
      assert.isNull(yield* actions.get(key("a")))
      yield* actions.put(record)
      assert.deepStrictEqual(yield* actions.get(key("a")), record)
    }
  })
)

it.live("last keys of other nodes stay, whoever updates at once", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const stores = yield* Effect.all([opened(root), opened(root), opened(root), opened(root)])
    yield* Effect.forEach(stores, ({ runs }, i) => runs.remember("e", { [`node${i}`]: key(`k${i}`) }), {
      concurrency: "unbounded"
    })
    const { runs } = yield* opened(root)
    assert.deepStrictEqual(yield* runs.latest("e"), {
      node0: key("k0"),
      node1: key("k1"),
      node2: key("k2"),
      node3: key("k3")
    })
    assert.deepStrictEqual(yield* runs.latest("another"), {})
  })
)

it.effect("runs come newest first", () =>
  Effect.gen(function* () {
    const { runs } = yield* fresh
    for (const id of ["2026-01-02", "2026-01-03", "2026-01-01"]) yield* runs.record(run(id, { a: id }))
    assert.deepStrictEqual(
      (yield* runs.recent(2)).map(({ id }) => id),
      ["2026-01-03", "2026-01-02"]
    )
  })
)

/** Makes a file look as if it had been written an hour ago. */
const age = (path: string): void => fs.utimesSync(path, Date.now() / 1_000 - 3_600, Date.now() / 1_000 - 3_600)

/** The digest of a file, found or remembered by a process of its own. */
const digestedIn = (root: string, path: string) =>
  Effect.gen(function* () {
    const { files } = yield* Store
    const [file] = yield* files.digest([path])
    return file?.digest
  }).pipe(Effect.provide(Store.layer(root)))

it.effect("a file is hashed once while it does not change, in this process and the next", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const path = join(root, "data.json")
    fs.writeFileSync(path, "one")
    age(path)
    const digestIn = () => digestedIn(join(root, "store"), path)
    assert.strictEqual(yield* digestIn(), digestOf("one"))
    // A lie in the file of digests shows that it was believed instead of the file being read.
    const memory = join(root, "store", "file-digests")
    fs.writeFileSync(memory, fs.readFileSync(memory, "utf8").replace(digestOf("one"), digestOf("lie")))
    assert.strictEqual(yield* digestIn(), digestOf("lie"))
    fs.writeFileSync(path, "two")
    age(path)
    assert.strictEqual(yield* digestIn(), digestOf("two"))
    fs.writeFileSync(memory, "nonsense\n")
    assert.strictEqual(yield* digestIn(), digestOf("two"))
  })
)

it.live("a large file that was written a moment ago is left to settle, hashed once, and remembered", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const path = join(root, "rows.jsonl")
    fs.writeFileSync(path, "")
    fs.truncateSync(path, (1 << 26) + 1)
    const { files } = yield* opened(join(root, "store"))
    assert.deepStrictEqual(yield* files.digest([path]), files.recall([{ path }]) ?? [])
  })
)

it.live("a large file of lines is hashed by another thread while it is cut, and cut anew once it changed", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "rows.jsonl")
    const { files } = yield* fresh
    const row = (index: number) => `{"row":${index}}`.padEnd(2_000)
    for (const rows of [40_000, 40_001]) {
      const content = Array.from({ length: rows }, (_, index) => `${row(index)}\n`).join("")
      fs.writeFileSync(path, content)
      const [file] = yield* files.digest([path])
      assert.strictEqual(file?.digest, digestOf(content))
      const sections = yield* files.sections(path)
      assert.isAbove(sections.length, 10)
      assert.strictEqual(
        sections.reduce((bytes, { length }) => bytes + length, 0),
        content.length
      )
    }
    const failure = yield* Effect.flip(files.sections(`${path}.gone`))
    assert.strictEqual(failure.code, "ENOENT")
  })
)

it.effect("a link to a file, such as the runtime makes to weights, is no reason to hash it again", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const path = join(root, "weights")
    fs.writeFileSync(path, "one")
    age(path)
    const digestIn = () => digestedIn(join(root, "store"), path)
    yield* digestIn()
    const memory = join(root, "store", "file-digests")
    fs.writeFileSync(memory, fs.readFileSync(memory, "utf8").replace(digestOf("one"), digestOf("lie")))
    fs.linkSync(path, join(root, "link"))
    assert.strictEqual(yield* digestIn(), digestOf("lie"))
  })
)

it.effect("a file written a moment ago is not remembered", () =>
  Effect.gen(function* () {
    const root = yield* folder
    const path = join(root, "data.json")
    const other = join(root, "other.json")
    fs.writeFileSync(other, "another")
    age(other)
    const { files } = yield* opened(join(root, "store"))
    for (const content of ["one", "two", "six"]) {
      fs.writeFileSync(path, content)
      yield* files.digest([path, other])
      yield* files.keep
      const kept = fs.readFileSync(join(root, "store", "file-digests"), "utf8")
      assert.notInclude(kept, digestOf(content))
      assert.include(kept, digestOf("another"))
    }
  })
)

it.effect("a file that is not there is a failure with its path", () =>
  Effect.gen(function* () {
    const { files } = yield* fresh
    const failure = yield* Effect.flip(files.digest(["/nowhere/data.json"]))
    assert.include(failure.message, "/nowhere/data.json")
  })
)
