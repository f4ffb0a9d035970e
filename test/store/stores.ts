/** What the tests of the store share: stores in folders of their own, records, and processes that use them. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { ActionRecord } from "../../src/store/ActionRecord.ts"
import { type ActionKey, keyOf } from "../../src/store/Digest.ts"
import type { ObjectRef } from "../../src/store/ObjectRef.ts"
import { Store } from "../../src/store/Store.ts"

/** A folder that goes with the scope. */
export const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "tanren-store-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A store as a process opens it: nothing that an earlier one learned is in memory. */
export const opened = (root: string) => Effect.provide(Store, Store.layer(root))

/** A store in a fresh folder. */
export const fresh = Effect.flatMap(folder, opened)

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export const key = (name: string): ActionKey => keyOf(name)

/** A record of one output with the objects given. */
export const recordOf = (of: ActionKey, ...objects: ReadonlyArray<ObjectRef>): ActionRecord => ({
  format: 1,
  key: of,
  stage: "filter",
  ingredients: { config: { keep: "(row) => row.a" }, inputs: ["b", "a"] },
  outputs: {
    rows: {
      kind: "table",
      digest: "logical",
      objects: Object.fromEntries(objects.map((ref, i) => [`part${i}`, ref])),
      meta: { rows: 3 }
    }
  },
  provenance: { started: "2026-01-01T00:00:00Z", finished: "2026-01-01T00:00:01Z", host: "here", user: "me" }
})

/** Starts a program of `test/store/programs` in a process of its own, which ends with the scope. */
export const program = (
  name: string,
  ...args: ReadonlyArray<string>
): Effect.Effect<ChildProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const file = join(import.meta.dirname, "programs", name)
      return spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "inherit"] })
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Everything that a program says until it ends. */
export const output = (child: ChildProcess): Effect.Effect<string> =>
  Effect.promise(async () => {
    const parts: Array<string> = []
    child.stdout?.on("data", (data) => parts.push(String(data)))
    await once(child, "close")
    return parts.join("")
  })

/** Waits for a program's first words. */
export const spoken = (child: ChildProcess): Effect.Effect<string> =>
  Effect.promise(async () => String((await once(child.stdout ?? child, "data"))[0]))
