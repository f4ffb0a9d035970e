/** Runs every test that compares with a reference tool, and writes docs/agreement.md: npm run agreement. */
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { startVitest } from "vitest/node"
import AgreementReporter from "./reporter.ts"

const root = join(import.meta.dirname, "..", "..")
const tests = globSync("test/**/*.test.ts", { cwd: root }).filter((path) =>
  readFileSync(join(root, path), "utf8").includes("agreement/agreement.ts")
)

const vitest = await startVitest("test", tests, {
  root,
  watch: false,
  reporters: ["default", new AgreementReporter({ mode: "write" })]
})
await vitest.close()
