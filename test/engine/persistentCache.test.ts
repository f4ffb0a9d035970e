/** What the folder of findings about code gives back: what was put there, and nothing else. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { CodeCache } from "../../src/engine/code/CodeCache.ts"
import type { ModuleAnalysis } from "../../src/engine/code/ModuleAnalysis.ts"
import { codeCacheLayer } from "../../src/engine/code/persistentCache.ts"
import { project } from "./project.ts"

const analysis: ModuleAnalysis = {
  declarations: [{ names: ["a"], text: "0", shown: null, references: [{ kind: "local", name: "b" }], refusals: [] }],
  effects: null,
  effectImports: [],
  exports: { a: { kind: "local", name: "a" } },
  stars: [],
  stages: []
}

it.effect("an analysis comes back; cut short, altered or absent it does not", () =>
  Effect.gen(function* () {
    const folder = join(yield* project({}), "code")
    const {
      analyses: { get, put }
    } = yield* Effect.provide(CodeCache, codeCacheLayer(folder))
    assert.isUndefined(get("hash"))
    put("hash", analysis)
    assert.deepStrictEqual(get("hash"), analysis)
    const text = readFileSync(join(folder, "analyses", "hash"), "utf8")
    writeFileSync(join(folder, "analyses", "hash"), text.slice(0, -1))
    assert.isUndefined(get("hash"))
    writeFileSync(join(folder, "analyses", "hash"), text.replace(`"b"`, `"c"`))
    assert.isUndefined(get("hash"))
  })
)

it.effect("a folder that cannot be written is no failure", () =>
  Effect.gen(function* () {
    const folder = join(yield* project({ code: "a file" }), "code")
    const {
      analyses: { get, put }
    } = yield* Effect.provide(CodeCache, codeCacheLayer(folder))
    put("hash", analysis)
    assert.isUndefined(get("hash"))
  })
)
