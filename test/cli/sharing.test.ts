/** What runs, experiments and stores have in common: results are shared, bounds kept, and bytes the same everywhere. */
import { execFileSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import * as path from "node:path"
import { assert, test, vi } from "vitest"
import { dataProject, type Line, makeProject, rowsOf } from "./project.ts"
import { stored } from "./stored.ts"
import { counting, crowd, pipelineOf } from "./userStages.ts"

const outcomes = (lines: ReadonlyArray<Line>): ReadonlyArray<unknown> =>
  Object.values(Object(lines.find(({ event }) => event === "done")?.nodes))

test("another experiment in another file finds what this one made", async () => {
  const project = makeProject(dataProject())
  await project.tanren("run", "pipeline.ts")
  project.write("second.ts", project.read("pipeline.ts").replace('experiment("data"', 'experiment("second"'))
  assert.deepStrictEqual(outcomes(await project.lines("run", "second.ts")), Array(6).fill("cached"))
})

test("two fresh stores hold the same objects, byte for byte; each is where it was asked to be", async () => {
  const project = makeProject(dataProject())
  await project.tanren("run", "pipeline.ts", "--store", "here")
  await project.tanren("run", "pipeline.ts", "--store=there/deep", "--jobs", "1")
  assert.deepStrictEqual(stored(project, "here").objects, stored(project, "there/deep").objects)
  assert.isNotEmpty(stored(project, "here").objects)
})

test.for([1, 2])("no more than %i stages work at once, and as many do", async (jobs) => {
  const project = makeProject({
    "rows/a.json": rowsOf(5),
    "crowd.ts": crowd,
    "pipeline.ts": pipelineOf(
      "",
      `{ results: {}, outputs: Object.fromEntries([1, 2, 3, 4].map((index) => ["c" + index, crowd(rows, index, ${jobs})])) }`,
      ["crowd"]
    )
  })
  const { code } = await project.tanren("run", "pipeline.ts", "--jobs", String(jobs))
  assert.strictEqual(code, 0)
  const values = (await project.lines("show", "pipeline.ts")).flatMap(({ value }) =>
    value === undefined ? [] : [value]
  )
  assert.deepStrictEqual(values, [jobs, jobs, jobs, jobs])
})

test("nodes that differ in the rows they promise are two nodes", async () => {
  const project = makeProject({
    ...dataProject(),
    "pipeline.ts": `
import * as Schema from "effect/Schema"
import { apply, experiment, InstructionRow, load } from "tanren"
import { shortenStage } from "./shortenStage.ts"
const rows = load.files({ files: "rows/*.json", row: InstructionRow })
const shorten = (schema: Schema.Codec<any>) =>
  apply(shortenStage, { config: { column: "output" }, inputs: { rows }, schemas: { rows: schema } }).rows
export default experiment("data", {
  results: {},
  outputs: { all: shorten(InstructionRow), one: shorten(Schema.Struct({ output: Schema.String })) }
})
`
  })
  project.write(
    "shortenStage.ts",
    project.read("shortenStage.ts").replace("const shortenStage", "export const shortenStage")
  )
  assert.deepStrictEqual(outcomes(await project.lines("run", "pipeline.ts")), ["ran", "ran", "ran"])
})

test("the environment says where the store is, unless the command line does", async () => {
  const project = makeProject(dataProject())
  vi.stubEnv("TANREN_STORE", "elsewhere")
  try {
    await project.tanren("run", "pipeline.ts")
    assert.lengthOf(stored(project, "elsewhere").steps, 6)
    assert.deepStrictEqual(outcomes(await project.lines("run", "pipeline.ts", "--store", "here")), Array(6).fill("ran"))
  } finally {
    vi.unstubAllEnvs()
  }
})

test("a terminal's codes stay away from output that is no terminal", async () => {
  const { err, out } = await makeProject(dataProject()).tanren("run", "pipeline.ts")
  assert.notInclude(out, "\r")
  assert.notInclude(out, "\u001b")
  assert.strictEqual(err, "")
})

const canMount = process.platform === "linux" && process.getuid?.() === 0

test.runIf(canMount)(
  "a full disk ends the stage in one paragraph, and leaves nothing half-written",
  async (context) => {
    const project = makeProject({
      "rows/a.json": rowsOf(20_000),
      "counting.ts": counting,
      "pipeline.ts": pipelineOf("", "{ results: {}, outputs: { count: counting(rows) } }", ["counting"])
    })
    const disk = path.join(project.folder, "disk")
    mkdirSync(disk)
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", disk], { stdio: "ignore" })
    } catch {
      return context.skip("this user may not mount a file system")
    }
    try {
      const { code, err } = await project.tanren("run", "pipeline.ts", "--store", "disk/store")
      assert.strictEqual(code, 1, err)
      assert.match(err, /^✗ load: rows\/\*\.json: [^\n]*(disk is full|no space left)[^\n]*\n$/i)
      const { leases, objects, steps, temporary } = stored(project, "disk/store")
      assert.deepStrictEqual(
        { leases, objects, steps, temporary },
        { leases: [], objects: [], steps: [], temporary: [] }
      )
    } finally {
      execFileSync("umount", [disk])
    }
  }
)
