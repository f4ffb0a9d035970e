/** A full disk and a read-only one are failures that a person can act on, and leave nothing half-written. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { bytes, folder, key, opened, recordOf } from "./stores.ts"

const mounts = process.platform === "linux" && process.getuid?.() === 0 && probe()

/** Whether this process may mount a file system in memory, which a container may forbid even to root. */
function probe(): boolean {
  const place = fs.mkdtempSync("/tmp/tanren-mount-")
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", place]).status === 0
  if (mounted) spawnSync("umount", [place])
  fs.rmdirSync(place)
  return mounted
}

/** A file system of one megabyte that goes with the scope. */
const tinyDisk: Effect.Effect<string, never, Scope.Scope> = Effect.flatMap(folder, (path) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path])
      return path
    }),
    () => Effect.sync(() => spawnSync("umount", ["-l", path]))
  )
)

it.effect.skipIf(!mounts)("a full disk (needs the right to mount)", () =>
  Effect.gen(function* () {
    const store = yield* opened(join(yield* tinyDisk, "store"))
    const small = yield* store.objects.putBytes(bytes("small"))
    const failure = yield* Effect.flip(store.objects.putBytes(new Uint8Array(2 << 20)))
    assert.strictEqual(failure.code, "ENOSPC")
    assert.include(failure.message, "The disk is full")
    const place = { lineage: key("lineage"), key: key("a") }
    yield* store.checkpoints.keep(place, 1, [bytes("one")])
    const refused = yield* Effect.flip(store.checkpoints.keep(place, 2, [bytes("two"), new Uint8Array(2 << 20)]))
    assert.strictEqual(refused.code, "ENOSPC")
    const [kept] = yield* store.checkpoints.of(key("lineage"))
    assert.deepStrictEqual(kept && new Uint8Array((yield* store.checkpoints.read(kept)) ?? []), bytes("one"))
    assert.deepStrictEqual(fs.readdirSync(store.folders.temporary), [])
    assert.isTrue(yield* store.objects.verify(small, "content"))
  })
)

it.effect.skipIf(!mounts)("a read-only disk serves hits and refuses writes (needs the right to mount)", () =>
  Effect.gen(function* () {
    const disk = yield* tinyDisk
    const before = yield* opened(join(disk, "store"))
    const ref = yield* before.objects.putBytes(bytes("kept"))
    yield* before.actions.put(recordOf(key("a"), ref))
    spawnSync("mount", ["-o", "remount,ro", disk])
    const store = yield* opened(join(disk, "store"))
    assert.deepStrictEqual(yield* store.actions.get(key("a")), recordOf(key("a"), ref))
    assert.isTrue(yield* store.objects.verify(ref, "content"))
    const failure = yield* Effect.flip(store.objects.putBytes(bytes("new")))
    assert.strictEqual(failure.code, "EROFS")
    assert.include(failure.message, "read-only")
    const refused = yield* Effect.flip(Effect.scoped(store.leases.hold(key("b"))))
    assert.strictEqual(refused.code, "EROFS")
  })
)
