/** Collects what tests found in common with reference tools, and holds docs/agreement.md to it, or writes it anew. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import type { Reporter, TestModule } from "vitest/node"
import { type Found, page, stale } from "./page.ts"

const path = new URL("../../docs/agreement.md", import.meta.url)

const say = (line: string): boolean => process.stderr.write(`${line}\n`)

const foundIn = (module: TestModule): ReadonlyArray<Found> =>
  [...module.children.allTests("passed")].flatMap((test) =>
    (test.meta().agreements ?? []).map((agreement) => ({ ...agreement, test: module.relativeModuleId }))
  )

const isComplete = (module: TestModule): boolean =>
  module.ok() && [...module.children.allTests()].every((test) => test.result().state === "passed")

export default class AgreementReporter implements Reporter {
  readonly mode: "check" | "write"

  constructor({ mode = "check" }: { readonly mode?: "check" | "write" } = {}) {
    this.mode = mode
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const all = modules.flatMap(foundIn)
    if (this.mode === "write") return this.write(modules, all)
    const complete = new Set(modules.filter(isComplete).map(({ relativeModuleId }) => relativeModuleId))
    const { missing, obsolete } = stale(existsSync(path) ? readFileSync(path, "utf8") : "", all, complete)
    for (const row of missing) say(`docs/agreement.md has no row "${row}": npm run agreement`)
    for (const row of obsolete) say(`docs/agreement.md has a row that no test makes, "${row}": npm run agreement`)
    if (missing.length + obsolete.length > 0) process.exitCode = 1
  }

  private write(modules: ReadonlyArray<TestModule>, all: ReadonlyArray<Found>): void {
    if (modules.every(isComplete)) return writeFileSync(path, page(all))
    say("docs/agreement.md stays as it is: not all tests ran and passed.")
    process.exitCode = 1
  }
}
