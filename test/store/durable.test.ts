/** Who asks for a sync shares one that has not begun, never one that has, and hears of its failure. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join } from "node:path"
import { makeSync } from "../../src/store/durable.ts"
import { folder } from "./stores.ts"

/** As many files as are synced at once, so that the next one has to wait. */
const filled = Effect.map(folder, (root) => {
  const sync = makeSync()
  const paths = Array.from({ length: 4 }, (_, index) => join(root, `${index}`))
  for (const path of paths) fs.writeFileSync(path, path)
  return { root, sync, paths, running: paths.map(sync) }
})

it.live("a sync that waits is shared", () =>
  Effect.gen(function* () {
    const { root, running, sync } = yield* filled
    const file = join(root, "late")
    fs.writeFileSync(file, "late")
    const first = sync(file)
    assert.strictEqual(sync(file), first)
    yield* Effect.promise(() => Promise.all([...running, first]))
  })
)

it.live("one that runs may have missed the last write, and is not", () =>
  Effect.gen(function* () {
    const { paths, running, sync } = yield* filled
    const again = paths.map(sync)
    for (const [index, one] of again.entries()) assert.notStrictEqual(one, running[index])
    yield* Effect.promise(() => Promise.all([...running, ...again]))
  })
)

it.live("a failure reaches everybody who waits for it, and nobody else", () =>
  Effect.gen(function* () {
    const { paths, root, running, sync } = yield* filled
    const missing = join(root, "missing")
    const waiting = [sync(missing), sync(missing)]
    const after = paths.map(sync)
    const ends = yield* Effect.promise(() => Promise.allSettled(waiting))
    for (const end of ends) {
      if (end.status === "fulfilled") return assert.fail("a file that is not there was synced")
      assert.include(String(end.reason), "ENOENT")
    }
    yield* Effect.promise(() => Promise.all([...running, ...after]))
  })
)
