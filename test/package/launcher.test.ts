/** The launcher: which Node runs what, and that it is one process in all that can be seen from outside. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawn, spawnSync } from "node:child_process"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"

const repository = resolve(import.meta.dirname, "../..")

const nodePackage = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`

/** An installed package whose command line shows what it was given, then does what its first word says. */
const main = `
export const main = async ([verb, word]) => {
  if (verb === "throw") throw new Error("nothing of the kind")
  if (verb === "exit") process.exit(Number(word))
  if (verb === "compiled") return console.log(process.env.NODE_COMPILE_CACHE)
  if (verb === "wait") {
    process.on("SIGTERM", () => process.exit(43))
    setInterval(() => {}, 1000)
  }
  console.log(JSON.stringify({ verb, word, imposed: process.versions.node.startsWith("20.") }))
}
`

/** Makes any Node take itself for an old one; a child does not inherit it. */
const pretence = `
const versions = { ...process.versions, node: "20.0.0" }
Object.defineProperty(process, "versions", { value: versions })
`

const runs = (folder: string, words: ReadonlyArray<string>, old: boolean) => {
  const imports = old ? ["--import", pathToFileURL(join(folder, "pretence.mjs")).href] : []
  return [...imports, join(folder, "bin/tanren.js"), ...words]
}

describe("the launcher", () => {
  const folder = mkdtempSync(join(tmpdir(), "tanren-launcher-"))
  const launch = (words: ReadonlyArray<string>, old = false) =>
    spawnSync(process.execPath, runs(folder, words, old), { encoding: "utf8" })
  const installNode = () => {
    const installed = join(folder, "node_modules", nodePackage)
    mkdirSync(installed, { recursive: true })
    writeFileSync(join(installed, "package.json"), JSON.stringify({ bin: { node: "node" } }))
    symlinkSync(process.execPath, join(installed, "node"))
  }

  beforeAll(() => {
    mkdirSync(join(folder, "bin"))
    mkdirSync(join(folder, "dist/src/cli"), { recursive: true })
    mkdirSync(join(folder, "node_modules"))
    for (const file of ["tanren.js", "imports.js", "bundledEffect.js"])
      copyFileSync(join(repository, "bin", file), join(folder, "bin", file))
    symlinkSync(join(repository, "node_modules/effect"), join(folder, "node_modules/effect"), "dir")
    writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "tanren", version: "1.2.3", type: "module" }))
    writeFileSync(join(folder, "dist/src/cli/main.js"), main)
    writeFileSync(join(folder, "pretence.mjs"), pretence)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it("tells what it starts where compiled code is kept", () => {
    const { NODE_COMPILE_CACHE: _, ...env } = process.env
    const { stdout } = spawnSync(process.execPath, runs(folder, ["compiled"], false), { encoding: "utf8", env })
    assert.isTrue(existsSync(stdout.trim()))
  })

  it("tells its version on any Node, and loads nothing for it", () => {
    assert.strictEqual(launch(["--version"]).stdout, "1.2.3\n")
    assert.strictEqual(launch(["--version"], true).stdout, "1.2.3\n")
  })

  it("hands the words over", () => {
    assert.deepStrictEqual(JSON.parse(launch(["show", "a b"]).stdout), { verb: "show", word: "a b", imposed: false })
  })

  it("tells a failure in one line and no stack", () => {
    const { status, stderr } = launch(["throw"])
    assert.strictEqual(stderr, "tanren: nothing of the kind\n")
    assert.strictEqual(status, 2)
  })

  it("says what is missing where no Node will do", () => {
    const { status, stderr } = launch(["show"], true)
    assert.match(stderr, /^tanren: this is Node 20\.0\.0, and Node 24 or newer is needed\..*\n$/)
    assert.strictEqual(status, 2)
  })

  describe("on an old Node with a new one installed", () => {
    beforeAll(installNode)

    it("runs the command on the new one", () => {
      assert.deepStrictEqual(JSON.parse(launch(["show", "a b"], true).stdout), {
        verb: "show",
        word: "a b",
        imposed: false
      })
    })

    it("ends with the command's exit code", () => assert.strictEqual(launch(["exit", "42"], true).status, 42))

    it.skipIf(process.platform === "win32")("passes signals on", async () => {
      const child = spawn(process.execPath, runs(folder, ["wait"], true), { stdio: ["ignore", "pipe", "inherit"] })
      const ended = new Promise<number | null>((settle) => child.on("exit", settle))
      await Promise.race([ended, new Promise((settle) => child.stdout.once("data", settle))])
      child.kill("SIGTERM")
      assert.strictEqual(await ended, 43)
    })
  })
})
