/** Records of an experiment: what `record` writes, what `verify` decides from it alone, what `diff` says of two. */
import { cpSync, readFileSync, rmSync } from "node:fs"
import * as path from "node:path"
import { assert, test } from "vitest"
import { measuredProject } from "./measuredProject.ts"
import { copyOf, makeProject, type Project, rowsOf } from "./project.ts"

const edit = (project: Project, file: string, from: string, to: string) => {
  const text = project.read(file)
  assert.include(text, from)
  project.write(file, text.replace(from, to))
}

const record = async (): Promise<Project> => {
  const project = makeProject(measuredProject())
  assert.strictEqual((await project.tanren("run", "pipeline.ts")).code, 0)
  const { code, out } = await project.tanren("record", "pipeline.ts")
  assert.strictEqual(code, 0)
  assert.include(out, "pipeline.record.json")
  return project
}

let original: Promise<Project> | undefined
/** A project whose results are recorded; each test has its own. */
const recorded = async (): Promise<Project> => copyOf(await (original ??= record()))

const withoutStore = (project: Project) => rmSync(path.join(project.folder, "cache"), { recursive: true })

test("a record verifies where there is neither store nor data", async () => {
  const project = await recorded()
  withoutStore(project)
  project.remove("rows/a.json")
  const { code, out } = await project.tanren("verify", "pipeline.ts")
  assert.strictEqual(code, 0)
  assert.include(out, "reproduced")
  assert.include(out, "✓ corpus, rows: 32, expected within 0.5 of 32 (counted by hand)")
})

test("the published report says what its figures were made from; the one in the store does not, being the same everywhere", async () => {
  const project = await recorded()
  const page = project.read("cache/reports/counted/report.html")
  const [, section = ""] = page.split('id="provenance"')
  for (const text of ["rows/*.json", "filter: no translation", "Node 24"]) assert.include(section, text)
  const stored = (await project.tanren("show", "pipeline.ts", "Counted")).out
  const [, location = ""] = /report\.html +\d+ bytes +(\S+)/.exec(stored) ?? []
  assert.notInclude(readFileSync(location, "utf8"), 'id="provenance"')
})

test("nothing is recorded of results that are not there", async () => {
  const project = makeProject(measuredProject())
  const { code, err } = await project.tanren("record", "pipeline.ts")
  assert.strictEqual(code, 2)
  assert.include(err, "the store lacks the results of load: rows/*.json")
  assert.notInclude(err, "    at ")
})

test("recording twice gives the same bytes, and a record elsewhere is read from there", async () => {
  const project = await recorded()
  const first = project.read("pipeline.record.json")
  await project.tanren("record", "pipeline.ts", "other.json")
  assert.strictEqual(project.read("other.json"), first)
  project.remove("pipeline.record.json")
  assert.strictEqual((await project.tanren("verify", "pipeline.ts", "other.json")).code, 0)
})

test("no record is missing, and so is a result that it lacks", async () => {
  const project = await recorded()
  edit(
    project,
    "pipeline.ts",
    "{ rows: result }",
    '{ rows: result, again: measure(3)(load.files({ files: "rows/*.json", row: InstructionRow })) }'
  )
  const { code, out } = await project.tanren("verify", "pipeline.ts")
  assert.strictEqual(code, 5)
  assert.include(out, "again of corpus")
  project.remove("pipeline.record.json")
  assert.strictEqual((await project.tanren("verify", "pipeline.ts")).code, 5)
})

const staleAfter = (what: string, change: (project: Project) => void, told: ReadonlyArray<string>) =>
  test(`${what} makes a record stale, and verify names it`, async () => {
    const project = await recorded()
    withoutStore(project)
    change(project)
    const { code, out } = await project.tanren("verify", "pipeline.ts")
    assert.strictEqual(code, 4)
    for (const text of told) assert.include(out, text)
    assert.notInclude(out, "load: rows/*.json:\n  code")
  })

staleAfter("a constant in another file", (project) => edit(project, "weights.ts", "2", "3"), [
  "rows of corpus:",
  "code weights.ts: weight"
])
staleAfter("a setting", (project) => edit(project, "pipeline.ts", "measure(1)", "measure(2)"), [
  "rows of corpus:\n  config scale: 1 → 2"
])
staleAfter("a predicate in the pipeline", (project) => edit(project, "pipeline.ts", "翻訳", "要約"), [
  "filter: no translation:\n  config keep"
])
staleAfter("a step that is new", (project) => edit(project, "pipeline.ts", 'name: "no', 'name: "still no'), [
  "filter: still no translation:\n  the record knows no such step"
])
staleAfter("data that is there and other than it was", (project) => project.write("rows/a.json", rowsOf(21)), [
  "load: rows/*.json:\n  input files has other content"
])

test("comments and layout make nothing stale", async () => {
  const project = await recorded()
  project.write("weights.ts", "// twice\nexport const weight =\n  2\n")
  assert.strictEqual((await project.tanren("verify", "pipeline.ts")).code, 0)
})

test("a missed expectation is wrong", async () => {
  const project = await recorded()
  edit(project, "pipeline.ts", "near(32", "near(40")
  const { code, out } = await project.tanren("verify", "pipeline.ts")
  assert.strictEqual(code, 3)
  assert.include(out, "✗ corpus, rows: 32")
})

test("a record edited by hand does not pass, nor does what is no record", async () => {
  const project = await recorded()
  edit(project, "pipeline.record.json", '"value":32', '"value":33')
  const edited = await project.tanren("verify", "pipeline.ts")
  assert.strictEqual(edited.code, 6)
  assert.include(edited.out, 'the value of "rows" of "corpus" is not the one that was stored')

  await project.tanren("record", "pipeline.ts")
  project.write(
    "pipeline.record.json",
    project.read("pipeline.record.json").replace(/"seconds":[\d.]+/, '"seconds":9999')
  )
  const resealed = await project.tanren("verify", "pipeline.ts")
  assert.strictEqual(resealed.code, 6)
  assert.include(resealed.out, "its seal is not that of its content")
  assert.notInclude(resealed.out, "not the one that was stored")

  project.write("pipeline.record.json", '{ "format": 1 }')
  const { code, err } = await project.tanren("verify", "pipeline.ts")
  assert.strictEqual(code, 2)
  assert.include(err, "pipeline.record.json is not the record of an experiment")
})

test("diff of two records or runs says what was changed and what it did, and not what merely followed", async () => {
  const project = await recorded()
  cpSync(path.join(project.folder, "pipeline.record.json"), path.join(project.folder, "before.json"))
  edit(project, "pipeline.ts", "翻訳", "要約")
  await project.tanren("run", "pipeline.ts")
  await project.tanren("record", "pipeline.ts")
  const { code, out } = await project.tanren("diff", "before.json", "pipeline.record.json")
  assert.strictEqual(code, 0)
  assert.include(out, "filter: no translation:\n  config keep")
  assert.include(out, "rows of corpus, rows: 32.000 → 40.000  (+8.00)")
  assert.include(out, "made from other results in consequence: rows of corpus")

  const unknown = await project.tanren("diff", "before.json", "nothing")
  assert.strictEqual(unknown.code, 2)
  const runs = [...unknown.err.matchAll(/(\S+) \(counted\)/g)].map(([, id]) => id ?? "")
  assert.strictEqual(runs.length, 2)
  const [newer = "", older = ""] = runs
  const ofRuns = await project.tanren("diff", older, newer)
  assert.include(ofRuns.out, "rows of corpus, rows: 32.000 → 40.000  (+8.00)")
  assert.include((await project.tanren("diff", newer, newer)).out, "no score differs")
})
