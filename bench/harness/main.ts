/** `npm run bench [NAME...]`: runs benchmarks, prints what they came to, and renews their rows in bench/README.md. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import type { Benchmark } from "./Benchmark.ts"
import { describeMachine } from "./machine.ts"
import { row, withResults } from "./table.ts"
import { makeTools } from "./tools.ts"

const folder = join(import.meta.dirname, "..")
const page = join(folder, "README.md")

const load = async (name: string): Promise<Benchmark> => {
  const module: { readonly default: Benchmark } = await import(join(folder, `${name}.ts`))
  return module.default
}

const available = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => basename(file, ".ts"))

const names = process.argv.slice(2)
const unknown = names.filter((name) => !available.includes(name))
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(", ")}. There are: ${available.join(", ")}.`)
  process.exit(2)
}

const chosen = await Promise.all((names.length === 0 ? available : names).map(load))
const date = new Date().toISOString().slice(0, 10)
let failed = false
for (const benchmark of chosen.filter(({ quick }) => quick || names.length > 0)) {
  console.log(`\n${benchmark.name}: ${benchmark.work}`)
  try {
    const comparisons = await benchmark.run(makeTools((text) => console.log(`  ${text}`)))
    const rows = Object.entries(comparisons).map(([label, comparison]) => row(benchmark, label, comparison, date))
    for (const cells of rows) console.log(`  ${cells.slice(1).filter(Boolean).join(" | ")}`)
    writeFileSync(page, withResults(readFileSync(page, "utf8"), rows, describeMachine()))
  } catch (cause) {
    failed = true
    console.error(`  failed: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}
if (failed) process.exitCode = 1
