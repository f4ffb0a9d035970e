/** A kept fingerprint is believed while everything it was taken from is as it was, and not a moment longer. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import type { CodeFailure } from "../../src/engine/code/Errors.ts"
import { CodeCache, type KeptFingerprint } from "../../src/engine/code/CodeCache.ts"
import { type Fingerprint, fingerprint } from "../../src/engine/code/fingerprint.ts"
import { openView, type View } from "../../src/engine/code/View.ts"
import { type Files, project, stageFile } from "./project.ts"

/** A view under which every file counts as old, so that a test need not wait for its files to become so. */
const patient = (): View => {
  const { see } = openView()
  return {
    see: (path) => {
      const file = see(path)
      return file && { ...file, settled: true }
    }
  }
}

interface Watched {
  readonly folder: string
  readonly write: (path: string, text: string) => void
  /** The stage's fingerprint as a process that begins now would have it, and whether it had to be taken. */
  readonly take: (view?: View) => Effect.Effect<readonly [Fingerprint, "kept" | "taken"], CodeFailure>
}

const watchedProject = (files: Files) =>
  Effect.map(project(files), (folder): Watched => {
    const kept = new Map<string, string>()
    let taken = false
    const fingerprints = {
      get: (key: string): KeptFingerprint | undefined => {
        const text = kept.get(key)
        return text === undefined ? undefined : JSON.parse(text)
      },
      put: (key: string, finding: KeptFingerprint) => {
        taken = true
        kept.set(key, JSON.stringify(finding))
      }
    }
    return {
      folder,
      write: (path, text) => {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), text)
      },
      take: (view = patient()) =>
        Effect.gen(function* () {
          taken = false
          const module = pathToFileURL(join(folder, "main.ts")).href
          const found = yield* fingerprint({ module, name: "work" }, view)
          return [found, taken ? "taken" : "kept"] as const
        }).pipe(Effect.updateService(CodeCache, (cache) => ({ ...cache, fingerprints })))
    }
  })

const manifest = (version: string) => `{ "name": "tool", "version": "${version}" }`

const files: Files = {
  "main.ts": stageFile(`import { size } from "./size.ts"\nimport { use } from "tool"`, "return use(size)"),
  "size.ts": "export const size = 1\n",
  "node_modules/tool/package.json": manifest("1.0.0")
}

it.effect("nothing is taken again while nothing changes, and both are the same", () =>
  Effect.gen(function* () {
    const { take } = yield* watchedProject(files)
    const [first, how] = yield* take()
    assert.strictEqual(how, "taken")
    assert.deepStrictEqual(yield* take(), [first, "kept"])
  })
)

it.effect("an edit of the same size is seen, even with its old time put back", () =>
  Effect.gen(function* () {
    const { folder, take, write } = yield* watchedProject(files)
    const [first] = yield* take()
    const { atime, mtime } = statSync(join(folder, "size.ts"))
    write("size.ts", "export const size = 2\n")
    utimesSync(join(folder, "size.ts"), atime, mtime)
    const [second] = yield* take()
    assert.notStrictEqual(second.digest, first.digest)
  })
)

it.effect("a fingerprint of files that changed just now is not kept", () =>
  Effect.gen(function* () {
    const { take, write } = yield* watchedProject(files)
    const [first] = yield* take(openView())
    write("size.ts", "export const size = 2\n")
    const [second] = yield* take(openView())
    write("size.ts", "export const size = 1\n")
    const [third] = yield* take(openView())
    assert.notStrictEqual(second.digest, first.digest)
    assert.strictEqual(third.digest, first.digest)
    const [, how] = yield* take()
    assert.strictEqual(how, "taken")
  })
)

it.effect("a file that is only touched gives the same digest", () =>
  Effect.gen(function* () {
    const { folder, take } = yield* watchedProject(files)
    const [first] = yield* take()
    utimesSync(join(folder, "size.ts"), 1, 1)
    const [second, how] = yield* take()
    assert.strictEqual(how, "taken")
    assert.strictEqual(second.digest, first.digest)
    assert.strictEqual(second.modules.find(({ path }) => path.endsWith("size.ts"))?.modifiedMs, 1000)
  })
)

it.effect("another version of a package is seen, and so is a nearer copy of it", () =>
  Effect.gen(function* () {
    const { take, write } = yield* watchedProject({
      ...files,
      "main.ts": stageFile(`import { size } from "./code/size.ts"`, "return size"),
      "code/size.ts": `import { use } from "tool"\nexport const size = use(1)\n`
    })
    const packages = () => Effect.map(take(), ([{ packages }]) => packages)
    assert.deepStrictEqual(yield* packages(), ["tool@1.0.0"])
    write("node_modules/tool/package.json", manifest("1.0.1"))
    assert.deepStrictEqual(yield* packages(), ["tool@1.0.1"])
    write("code/node_modules/tool/package.json", manifest("2.0.0"))
    assert.deepStrictEqual(yield* packages(), ["tool@2.0.0"])
  })
)

it.effect("a folder of packages that becomes a link to another is seen", () =>
  Effect.gen(function* () {
    const { folder, take, write } = yield* watchedProject(files)
    const [first] = yield* take()
    write("elsewhere/node_modules/tool/package.json", manifest("3.0.0"))
    rmSync(join(folder, "node_modules"), { recursive: true })
    symlinkSync(join(folder, "elsewhere/node_modules"), join(folder, "node_modules"))
    assert.notStrictEqual((yield* take())[0].digest, first.digest)
  })
)

it.effect("a module that is gone, and one that takes its name, are seen", () =>
  Effect.gen(function* () {
    const { folder, take, write } = yield* watchedProject(files)
    const [first] = yield* take()
    renameSync(join(folder, "size.ts"), join(folder, "moved.ts"))
    assert.include((yield* Effect.flip(take())).message, "size.ts")
    write("other.ts", "export const size = 3\n")
    renameSync(join(folder, "other.ts"), join(folder, "size.ts"))
    assert.notStrictEqual((yield* take())[0].digest, first.digest)
  })
)
