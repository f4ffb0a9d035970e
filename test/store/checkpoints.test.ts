/** States of unfinished work: whole or none, found by lineage, one file a key whatever happens. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join } from "node:path"
import type { ActionKey } from "../../src/store/Digest.ts"
import { bytes, folder, fresh, key, opened, output, program, spoken } from "./stores.ts"

const text = (state: Uint8Array | null): string | null => (state === null ? null : new TextDecoder().decode(state))

const place = (name: string, lineage: ActionKey = key("lineage")) => ({ lineage, key: key(name) })

it.effect("the states of a lineage come back furthest first, those of others not at all", () =>
  Effect.gen(function* () {
    const { checkpoints } = yield* fresh
    yield* checkpoints.keep(place("short"), 7, [bytes("sev"), bytes(""), bytes("en")])
    yield* checkpoints.keep(place("long"), 12, [bytes("twelve")])
    yield* checkpoints.keep(place("shorter"), 0, [])
    yield* checkpoints.keep(place("stranger", key("another lineage")), 9, [bytes("nine")])
    const found = yield* checkpoints.of(key("lineage"))
    assert.deepStrictEqual(
      found.map(({ key, position }) => [key, position]),
      [
        [key("long"), 12],
        [key("short"), 7],
        [key("shorter"), 0]
      ]
    )
    assert.deepStrictEqual((yield* Effect.forEach(found, checkpoints.read)).map(text), ["twelve", "seven", ""])
    assert.lengthOf(yield* checkpoints.all, 4)
  })
)

it.effect("a key has one file, that of its last state; a state that was replaced since it was listed is not read", () =>
  Effect.gen(function* () {
    const { checkpoints, folders } = yield* fresh
    yield* checkpoints.keep(place("a"), 1, [bytes("one")])
    const [before] = yield* checkpoints.of(key("lineage"))
    for (let position = 2; position < 6; position++) yield* checkpoints.keep(place("a"), position, [bytes("more")])
    assert.lengthOf(fs.readdirSync(folders.checkpoints), 1)
    assert.deepStrictEqual(fs.readdirSync(folders.temporary), [])
    assert.deepStrictEqual(
      (yield* checkpoints.of(key("lineage"))).map(({ position }) => position),
      [5]
    )
    if (before === undefined) return assert.fail("one state")
    assert.isNull(yield* checkpoints.read(before))
    yield* checkpoints.remove(before)
    yield* checkpoints.remove(before)
    assert.isNull(yield* checkpoints.read(before))
    assert.isTrue(yield* checkpoints.verify(before))
  })
)

it.effect("a file with any byte altered, added or cut off is no state", () =>
  Effect.gen(function* () {
    const { checkpoints, folders } = yield* fresh
    yield* checkpoints.keep(place("a"), 3, [bytes("state")])
    const [name = ""] = fs.readdirSync(folders.checkpoints)
    const path = join(folders.checkpoints, name)
    const whole = fs.readFileSync(path)
    const altered = (at: number) => Buffer.from(whole.map((byte, index) => (index === at ? byte ^ 1 : byte)))
    const damages = [
      ...whole.keys().map(altered),
      Buffer.alloc(0),
      whole.subarray(0, -1),
      Buffer.concat([whole, bytes("x")])
    ]
    for (const damage of damages) {
      fs.writeFileSync(path, damage)
      for (const kept of yield* checkpoints.all) assert.isNull(yield* checkpoints.read(kept))
      assert.isFalse(yield* checkpoints.verify(place("a")))
    }
    fs.writeFileSync(path, whole)
    const [kept] = yield* checkpoints.all
    assert.strictEqual(kept && text(yield* checkpoints.read(kept)), "state")
  })
)

it.live("a process that is killed while it keeps states leaves a whole one", () =>
  Effect.gen(function* () {
    const root = yield* folder
    for (let round = 0; round < 3; round++) {
      const child = yield* program("keep.ts", root)
      yield* spoken(child)
      yield* Effect.sleep(round * 11)
      child.kill("SIGKILL")
      yield* output(child)
      const { checkpoints, folders } = yield* opened(root)
      const [kept, ...others] = yield* checkpoints.all
      assert.lengthOf(others, 0)
      const state = kept === undefined ? null : yield* checkpoints.read(kept)
      assert.strictEqual(text(state), `${kept?.position} `.repeat(100_000))
      assert.deepStrictEqual(fs.readdirSync(folders.temporary), [])
    }
  })
)

it.effect("a state that the disk refuses is a failure with a remedy, and leaves the last one as it was", () =>
  Effect.gen(function* () {
    const { checkpoints, folders } = yield* fresh
    yield* checkpoints.keep(place("a"), 1, [bytes("one")])
    fs.rmdirSync(folders.temporary)
    fs.writeFileSync(folders.temporary, "")
    const failure = yield* Effect.flip(checkpoints.keep(place("a"), 2, [bytes("two")]))
    assert.deepInclude(failure, { operation: "keep a checkpoint", code: "ENOTDIR" })
    const [kept] = yield* checkpoints.of(key("lineage"))
    assert.strictEqual(kept && text(yield* checkpoints.read(kept)), "one")
  })
)
