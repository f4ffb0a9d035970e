/** What the folder of analyses gives back: what was put there, and nothing else. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { AnalysisCache } from "../../src/engine/code/AnalysisCache.ts"
import type { ModuleAnalysis } from "../../src/engine/code/ModuleAnalysis.ts"
import { analysisCacheLayer } from "../../src/engine/code/persistentCache.ts"
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
  Effect.gen(function*() {
    const folder = join(yield* project({}), "code")
    const { get, put } = yield* Effect.provide(AnalysisCache, analysisCacheLayer(folder))
    assert.isUndefined(get("hash"))
    put("hash", analysis)
    assert.deepStrictEqual(get("hash"), analysis)
    const text = readFileSync(join(folder, "hash"), "utf8")
    writeFileSync(join(folder, "hash"), text.slice(0, -1))
    assert.isUndefined(get("hash"))
    writeFileSync(join(folder, "hash"), text.replace(`"b"`, `"c"`))
    assert.isUndefined(get("hash"))
  }))

it.effect("a folder that cannot be written is no failure", () =>
  Effect.gen(function*() {
    const folder = join(yield* project({ code: "a file" }), "code")
    const { get, put } = yield* Effect.provide(AnalysisCache, analysisCacheLayer(folder))
    put("hash", analysis)
    assert.isUndefined(get("hash"))
  }))
