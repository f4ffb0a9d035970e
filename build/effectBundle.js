/**
 * Lays the modules of effect that every start loads out anew, in dist/effect: all of their code in one file, and for each
 * module a file that passes its exports on. Plain JavaScript, for any Node that installs may run it; another folder may be
 * given.
 */
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { fileURLToPath } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** What a start loads: the command line, the verbs that people wait for, and what pipelines import. */
const loaded = ["src/cli/main.ts", "src/cli/verbs/run.ts", "src/cli/verbs/plan.ts", "stages/index.ts"]

const isRelative = (id) => id.startsWith(".") || id.startsWith("/")

/** The files of effect that these reach by imports which are not put off. */
const reached = async (rolldown, effect) => {
  const found = new Set()
  const follow = (context, id) => {
    if (found.has(id)) return
    found.add(id)
    for (const next of context.getModuleInfo(id)?.importedIds ?? []) follow(context, next)
  }
  const input = loaded.map((file) => join(root, file))
  const bundle = await rolldown({
    input,
    platform: "node",
    external: (id) => !isRelative(id) && !id.startsWith("effect/") && !id.startsWith("@effect/"),
    plugins: [
      {
        name: "reached",
        buildEnd() {
          for (const file of input) follow(this, file)
        }
      }
    ]
  })
  await bundle.generate({ format: "esm" })
  await bundle.close()
  return [...found].filter((id) => id.startsWith(effect + sep)).sort()
}

/** Writes the bundle into a folder; says how many modules it holds. */
const bundleEffect = async (folder) => {
  const { rolldown } = await import("rolldown")
  const effect = dirname(fileURLToPath(import.meta.resolve("effect/Effect")))
  const files = await reached(rolldown, effect)
  const nameOf = (file) => relative(effect, file).split(sep).join("/")
  const bundle = await rolldown({
    input: Object.fromEntries(files.map((file) => [nameOf(file), file])),
    platform: "node",
    preserveEntrySignatures: "strict"
  })
  rmSync(folder, { recursive: true, force: true })
  await bundle.write({
    dir: folder,
    format: "esm",
    comments: { legal: true, annotation: false, jsdoc: false },
    entryFileNames: "[name]",
    chunkFileNames: "[name].js",
    codeSplitting: { groups: [{ name: "all-of-effect", test: () => true }] }
  })
  await bundle.close()
  const { version } = JSON.parse(readFileSync(join(effect, "../package.json"), "utf8"))
  const sizes = Object.fromEntries(files.map((file) => [nameOf(file), statSync(file).size]))
  copyFileSync(join(effect, "../LICENSE"), join(folder, "LICENSE"))
  writeFileSync(join(folder, "bundle.json"), `${JSON.stringify({ version, sizes }, null, 2)}\n`)
  return files.length
}

// Without a bundle everything works as it does with one, if more slowly: no installation fails for want of it.
await bundleEffect(process.argv[2] ?? join(root, "dist", "effect")).then(
  (count) => console.log(`bundled ${count} modules of effect`),
  (error) => console.warn(`effect is not bundled: ${error instanceof Error ? error.message : String(error)}`)
)
