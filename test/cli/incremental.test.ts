/** What runs again after a change, and what does not: seen through the command line on a user's project. */
import * as Schema from "effect/Schema"
import { assert, test } from "vitest"
import { dataProject, type Line, makeProject, type Project, rowsOf } from "./project.ts"

const load = "load: rows/*.json"
const filter = "filter: no translation"
const all = [load, filter, "shorten", "holdOut", "format (training)", "format (validation)"]

const status = (lines: ReadonlyArray<Line>): { readonly [node: string]: unknown } =>
  Object.fromEntries(lines.map(({ node, status }) => [String(node), status]))

const Why = Schema.Struct({
  changes: Schema.Array(
    Schema.Struct({ kind: Schema.String, name: Schema.String, before: Schema.String, after: Schema.String })
  )
})

const everything = (value: string) => Object.fromEntries(all.map((node) => [node, value]))

/** The nodes that the run executed, in the recipe's order. */
const ran = (lines: ReadonlyArray<Line>): ReadonlyArray<string> => {
  const started = new Set(lines.filter(({ event }) => event === "started").map(({ node }) => node))
  return all.filter((node) => started.has(node))
}

const edit = (project: Project, file: string, from: string, to: string) => {
  const text = project.read(file)
  assert.include(text, from)
  project.write(file, text.replace(from, to))
}

const finished = async (): Promise<Project> => {
  const project = makeProject(dataProject())
  assert.deepStrictEqual(ran(await project.lines("run", "pipeline.ts")), all)
  return project
}

test("a first plan runs what it can tell and waits for the rest; a second run executes nothing", async () => {
  const project = makeProject(dataProject())
  assert.deepStrictEqual(status(await project.lines("plan", "pipeline.ts")), {
    ...everything("blocked"),
    [load]: "run"
  })
  assert.deepStrictEqual(ran(await project.lines("run", "pipeline.ts")), all)
  assert.deepStrictEqual(status(await project.lines("plan", "pipeline.ts")), everything("cached"))
  assert.deepStrictEqual(ran(await project.lines("run", "pipeline.ts")), [])
})

test("comments, layout, types, unrelated exports and names of files change nothing", async () => {
  const project = await finished()
  project.write(
    "shorten.ts",
    `/* a comment */\n${project.read("shorten.ts").replaceAll("\n", "\n\n").replaceAll('"', "'")}`
  )
  edit(project, "constants.ts", "unrelated = 1", "unrelated: number = 2")
  project.write("bounds.ts", project.read("limits.ts"))
  project.remove("limits.ts")
  edit(project, "shorten.ts", "./limits.ts", "./bounds.ts")
  assert.deepStrictEqual(status(await project.lines("plan", "pipeline.ts")), everything("cached"))
})

test("a constant three imports away runs the stage that reaches it, and why names it", async () => {
  const project = await finished()
  edit(project, "constants.ts", "longest = 100", "longest = 2")
  const expected = { ...everything("blocked"), [load]: "cached", [filter]: "cached", shorten: "run" }
  assert.deepStrictEqual(status(await project.lines("plan", "pipeline.ts")), expected)
  const [why] = await project.lines("why", "pipeline.ts", "shorten")
  const {
    changes: [change, ...others]
  } = Schema.decodeUnknownSync(Why)(why)
  assert.isEmpty(others)
  assert.include(change, { kind: "declaration", name: "constants.ts: longest" })
  assert.match(change?.before ?? "", /longest\s*=\s*100/)
  assert.match(change?.after ?? "", /longest\s*=\s*2/)
})

test("a config field that changed is named with both values", async () => {
  const project = await finished()
  edit(project, "pipeline.ts", "rows: 3", "rows: 4")
  const [why] = await project.lines("why", "pipeline.ts", "holdOut")
  assert.deepInclude(why, { status: "run", changes: [{ kind: "config", name: "rows", before: 3, after: 4 }] })
})

test("a row that reaches the end runs what follows it; one that the filter drops runs load and filter alone", async () => {
  const project = await finished()
  project.write(
    "rows/a.json",
    rowsOf(20, (index) => (index === 5 ? { output: "other" } : {}))
  )
  assert.deepStrictEqual(ran(await project.lines("run", "pipeline.ts")), [load, filter])
  project.write(
    "rows/a.json",
    rowsOf(20, (index) => (index === 6 ? { output: "other" } : {}))
  )
  const again = ran(await project.lines("run", "pipeline.ts"))
  assert.deepStrictEqual(again.slice(0, 4), [load, filter, "shorten", "holdOut"])
  assert.lengthOf(again, 5, "the row is in one of the two parts: the other is cut off early")
})

test("a config written another way is the same config", async () => {
  const project = await finished()
  edit(project, "pipeline.ts", "rows: 3, seed: 42", "seed: 42, rows: 1 + 2")
  edit(project, "pipeline.ts", "(row) => !row", "(row: InstructionRow) => /* keep */ !row")
  edit(project, "pipeline.ts", "InstructionRow, load", "InstructionRow, type load as unused, load")
  edit(project, "pipeline.ts", ", type load as unused", "")
  assert.deepStrictEqual(status(await project.lines("plan", "pipeline.ts")), everything("cached"))
})

test("a shared branch built twice runs once", async () => {
  const project = await finished()
  edit(
    project,
    "pipeline.ts",
    "export default",
    'const twin = pipe(load.files({ files: "rows/*.json", row: InstructionRow }), filter({ name: "no translation", ' +
      'keep: (row) => !row.instruction.includes("翻訳") }))\nexport default'
  )
  edit(project, "pipeline.ts", "training: parts.training", "twin, training: parts.training")
  assert.deepStrictEqual(status(await project.lines("plan", "pipeline.ts")), everything("cached"))
})
