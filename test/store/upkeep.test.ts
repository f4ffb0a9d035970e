/** Garbage goes by reachability and age; a check finds every damage and repairs it. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { checkStore } from "../../src/store/checkStore.ts"
import { collectGarbage } from "../../src/store/collectGarbage.ts"
import { Store } from "../../src/store/Store.ts"
import { bytes, folder, key, opened, recordOf } from "./stores.ts"

/** A store with an object and a record for each name, and one object that no record has. */
const filled = (names: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const root = yield* folder
    const store = yield* opened(root)
    const refs = yield* Effect.forEach(names, (name) =>
      Effect.tap(store.objects.putBytes(bytes(name)), (ref) => store.actions.put(recordOf(key(name), ref)))
    )
    const orphan = yield* store.objects.putBytes(bytes("orphan!"))
    return { root, store, refs, orphan }
  })

const policy = { runs: 1, pins: [], grace: 0, dry: false }

it.live("what runs, last keys, pins and leases reach stays; the rest goes", () =>
  Effect.gen(function* () {
    const { root, store } = yield* filled(["run", "old", "last", "pin", "lease"])
    const run = (id: string, of: string) => ({
      format: 1 as const,
      id,
      experiment: "e",
      started: "",
      finished: "",
      nodes: { a: { key: key(of), outcome: "ran" as const } },
      detail: null
    })
    yield* store.runs.record(run("1", "old"))
    yield* store.runs.record(run("2", "run"))
    yield* store.runs.remember("e", { b: key("last") })
    yield* store.leases.hold(key("lease"))
    yield* Effect.sleep(5)
    const collect = (dry: boolean) =>
      Effect.provide(collectGarbage({ ...policy, pins: [key("pin")], dry }), Store.layer(root))
    const dry = yield* collect(true)
    assert.deepStrictEqual(dry.actions, [key("old")])
    assert.strictEqual(dry.bytes, "old".length + "orphan!".length)
    assert.strictEqual((yield* store.actions.keys).length, 5)
    assert.deepStrictEqual(yield* collect(false), dry)
    assert.deepStrictEqual(yield* store.actions.keys, ["run", "last", "pin", "lease"].map(key).sort())
    const findings = yield* Effect.provide(checkStore(false), Store.layer(root))
    assert.strictEqual(findings.objects, 4)
    assert.deepStrictEqual(findings.incomplete, [])
  })
)

it.live("a state stays as long as its key is reached and some work may go on from it", () =>
  Effect.gen(function* () {
    const { root, store } = yield* filled(["finished", "extendable"])
    const keep = (name: string, lineage: string) =>
      store.checkpoints.keep({ lineage: key(lineage), key: key(name) }, 3, [bytes("state")])
    yield* keep("extendable", "open")
    yield* keep("interrupted", "interrupted")
    yield* keep("running", "running")
    yield* keep("finished", "finished")
    yield* keep("abandoned", "open")
    const nodes = { a: { key: key("interrupted"), outcome: "failed" as const } }
    yield* store.runs.record({ format: 1, id: "1", experiment: "e", started: "", finished: "", nodes, detail: null })
    yield* store.runs.remember("e", { a: key("finished"), b: key("extendable") })
    yield* store.leases.hold(key("running"))
    yield* Effect.sleep(5)
    const collect = (changes: Partial<typeof policy>) =>
      Effect.map(Effect.provide(collectGarbage({ ...policy, ...changes }), Store.layer(root)), ({ checkpoints }) =>
        checkpoints.map(({ key }) => key)
      )
    const spent = ["abandoned", "finished"].map(key).sort()
    assert.deepStrictEqual(yield* collect({ grace: 60_000 }), [])
    assert.deepStrictEqual((yield* collect({ dry: true })).toSorted(), spent)
    assert.lengthOf(yield* store.checkpoints.all, 5)
    assert.deepStrictEqual((yield* collect({})).toSorted(), spent)
    assert.deepStrictEqual(
      (yield* store.checkpoints.all).map(({ key }) => key).toSorted(),
      ["extendable", "interrupted", "running"].map(key).sort()
    )
    assert.deepStrictEqual(yield* collect({ runs: 0 }), [key("interrupted")])
  })
)

it.live("a piece stays as long as a table has its rows, and goes with them", () =>
  Effect.gen(function* () {
    const { refs, root, store } = yield* filled(["table", "old"])
    const piece = (name: string, objects: typeof refs) =>
      store.pieces.put({ format: 1, key: key(name), objects, meta: null })
    const [table, old] = refs
    if (table === undefined || old === undefined) return assert.fail("two objects")
    yield* piece("of the table", [table])
    yield* piece("of the old table", [old])
    yield* piece("of both", [table, old])
    yield* piece("without rows", [])
    yield* store.runs.remember("e", { a: key("table") })
    yield* Effect.sleep(5)
    const collect = (changes: Partial<typeof policy>) =>
      Effect.map(Effect.provide(collectGarbage({ ...policy, ...changes }), Store.layer(root)), ({ pieces }) => pieces)
    const gone = ["of the old table", "of both", "without rows"].map(key).sort()
    assert.deepStrictEqual(yield* collect({ grace: 60_000 }), [])
    assert.deepStrictEqual(yield* collect({ dry: true }), gone)
    assert.lengthOf(yield* store.pieces.keys, 4)
    assert.deepStrictEqual(yield* collect({}), gone)
    assert.deepStrictEqual(yield* store.pieces.keys, [key("of the table")])
  })
)

it.live("nothing young goes", () =>
  Effect.gen(function* () {
    const { root } = yield* filled(["a"])
    const garbage = yield* Effect.provide(collectGarbage({ ...policy, grace: 60_000 }), Store.layer(root))
    assert.deepStrictEqual([garbage.actions, garbage.objects], [[], []])
  })
)

it.effect("a check finds each damage, and a repair leaves a sound store", () =>
  Effect.gen(function* () {
    const { refs, root, store } = yield* filled(["sound", "damaged", "lost", "unreadable"])
    const [, damaged, lost] = refs
    const check = (repair: boolean) => Effect.provide(checkStore(repair), Store.layer(root))
    assert.deepStrictEqual((yield* check(false)).damaged, [])
    if (damaged === undefined || lost === undefined) return assert.fail("two objects")
    fs.chmodSync(store.objects.path(damaged.digest), 0o644)
    fs.writeFileSync(store.objects.path(damaged.digest), "Damaged")
    fs.rmSync(store.objects.path(lost.digest))
    fs.writeFileSync(`${store.folders.actions}/${key("unreadable")}.json`, "{")
    for (const name of ["sound", "torn"])
      yield* store.checkpoints.keep({ lineage: key("lineage"), key: key(name) }, 1, [bytes("state")])
    fs.truncateSync(`${store.folders.checkpoints}/${key("lineage")}.${key("torn")}`, 85)
    yield* store.pieces.put({ format: 1, key: key("sound"), objects: refs.slice(0, 1), meta: null })
    yield* store.pieces.put({ format: 1, key: key("lacking"), objects: [lost], meta: null })
    fs.writeFileSync(`${store.folders.pieces}/${key("unreadable")}.json`, "{")
    const findings = yield* check(true)
    assert.deepStrictEqual(findings.broken.toSorted(), [key("lacking"), key("unreadable")].sort())
    assert.deepStrictEqual(findings.damaged, [damaged.digest])
    assert.deepStrictEqual(findings.unreadable, [key("unreadable")])
    assert.deepStrictEqual(findings.incomplete.toSorted(), [key("damaged"), key("lost")].sort())
    assert.deepStrictEqual(
      findings.torn.map(({ key }) => key),
      [key("torn")]
    )
    const after = yield* check(false)
    assert.deepStrictEqual([after.damaged, after.unreadable, after.incomplete, after.torn], [[], [], [], []])
    assert.deepStrictEqual([after.broken, yield* store.pieces.keys], [[], [key("sound")]])
    assert.strictEqual(after.checkpoints, 1)
    assert.deepStrictEqual(yield* store.actions.keys, [key("sound")])
  })
)
