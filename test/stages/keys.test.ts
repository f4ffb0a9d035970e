/** What the keys of the built-in stages are made from: what they compute with, and not what only foretells it. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as path from "node:path"
import { assert } from "vitest"
import { fingerprint } from "../../src/engine/code/fingerprint.ts"

const folder = fileURLToPath(new URL("../../stages", import.meta.url))

/** Every stage that a file of the folder declares, by file and name. */
const stages = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) =>
    [...readFileSync(path.join(folder, file), "utf8").matchAll(/= stage\(\{\s+name: "(\w+)"/g)].map(
      ([, name = ""]) => [file, name] as const
    )
  )

it("are a dozen or more", () => assert.isAtLeast(stages.length, 12))

it.effect.each(stages)("%s: %s does not run again when an estimate is made otherwise", ([file, name]) =>
  Effect.gen(function* () {
    const module = pathToFileURL(path.join(folder, file)).href
    const { declarations } = yield* fingerprint({ module, name })
    assert.isTrue(declarations.some(({ module }) => module === `stages/${file}`))
    assert.deepStrictEqual(
      declarations.filter(({ module }) => module.startsWith("stages/estimates/") || module === "src/model/estimate.ts"),
      []
    )
  })
)

it.effect("tokenize runs again when what its threads do changes", () =>
  Effect.gen(function* () {
    const module = pathToFileURL(path.join(folder, "tokenize.ts")).href
    const { declarations } = yield* fingerprint({ module, name: "tokenize" })
    assert.includeMembers(
      declarations.filter(({ module }) => module === "src/text/thread.ts").map(({ name }) => name),
      ["encode", "answer", "(statements)"]
    )
  })
)
