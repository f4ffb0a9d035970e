/** Effect in one file: everybody gets the modules in it, by whatever way, and nobody does once the package is another. */
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

const repository = resolve(import.meta.dirname, "../..")

/** A command line that imports a user's file, and tells where effect came from and whether both got the same. */
const main = `
import * as Effect from "effect/Effect"
export const main = async ([file]) => {
  const { required, ...imported } = await import(file)
  console.log(JSON.stringify({
    from: import.meta.resolve("effect/Effect"),
    shared: Object.values(imported).every((one) => one === Effect) && required.gen === Effect.gen
  }))
}
`

/** A module by its name, by its file, by the barrel, which is not bundled, and by require. */
const user = (effect: string) => `
import { createRequire } from "node:module"
export * as named from "effect/Effect"
export * as placed from ${JSON.stringify(`${effect}Effect.js`)}
export { Effect as listed } from "effect"
export const required = createRequire(import.meta.url)("effect/Effect")
`

describe("the bundle of effect", () => {
  const folder = mkdtempSync(join(tmpdir(), "tanren-bundle-"))
  const installed = join(folder, "node_modules/effect")
  const inPackage = pathToFileURL(join(installed, "dist/")).href
  const inBundle = pathToFileURL(join(folder, "dist/effect/")).href
  const file = join(folder, "user/pipeline.mjs")

  const told = (): unknown => {
    const words = [join(folder, "bin/tanren.js"), pathToFileURL(file).href]
    const { stderr, stdout } = spawnSync(process.execPath, words, { encoding: "utf8" })
    return stdout === "" ? assert.fail(stderr) : JSON.parse(stdout)
  }
  const bundled = { from: `${inBundle}Effect.js`, shared: true }
  const unbundled = { from: `${inPackage}Effect.js`, shared: true }

  beforeAll(() => {
    for (const part of ["dist/src/cli", "user"]) mkdirSync(join(folder, part), { recursive: true })
    cpSync(join(repository, "bin"), join(folder, "bin"), { recursive: true })
    cpSync(join(repository, "node_modules/effect"), installed, { recursive: true, dereference: true })
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "tanren", version: "1.2.3", type: "module" }))
    writeFileSync(join(folder, "dist/src/cli/main.js"), main)
    writeFileSync(file, user(inPackage))
    spawnSync(process.execPath, [join(repository, "build/effectBundle.js"), join(folder, "bundle")])
  })
  beforeEach(() => cpSync(join(folder, "bundle"), join(folder, "dist/effect"), { recursive: true }))
  afterAll(() => rmSync(folder, { recursive: true }))

  it("holds what a start loads, with its licence, and not the barrel", () => {
    const holds = (name: string) => existsSync(join(folder, "bundle", name))
    assert.deepStrictEqual(["Effect.js", "Schema.js", "LICENSE", "index.js"].map(holds), [true, true, true, false])
  })

  it("gives everybody the same modules", () => assert.deepStrictEqual(told(), bundled))

  it("is passed over where it is not whole", () => {
    rmSync(join(folder, "dist/effect/bundle.json"))
    assert.deepStrictEqual(told(), unbundled)
  })

  it("is passed over in a checkout where a file of the package is younger", () => {
    mkdirSync(join(folder, "src/cli"), { recursive: true })
    writeFileSync(join(folder, "src/cli/main.ts"), main.replace("([file])", "([file]: ReadonlyArray<string>)"))
    assert.deepStrictEqual(told(), bundled)
    const later = new Date(Date.now() + 60_000)
    utimesSync(join(installed, "dist/Array.js"), later, later)
    assert.deepStrictEqual(told(), unbundled)
    rmSync(join(folder, "src"), { recursive: true })
    assert.deepStrictEqual(told(), bundled)
  })

  it("is passed over where a file of the package has another size", () => {
    appendFileSync(join(installed, "dist/Array.js"), "\n")
    assert.deepStrictEqual(told(), unbundled)
  })
})
