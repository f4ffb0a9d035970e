/** Runs that end before they are done, by a kill or on request, and runs side by side: nothing is lost, nothing torn. */
import { existsSync } from "node:fs"
import * as path from "node:path"
import { assert, test } from "vitest"
import { type Ended, type Line, makeProject, type Project, rowsOf, until } from "./project.ts"
import { stored } from "./stored.ts"
import { counting, gate, pipelineOf, stutter } from "./userStages.ts"

const load = "load: rows/*.json"

const files = {
  "rows/a.json": rowsOf(200),
  "gate.ts": gate,
  "stutter.ts": stutter,
  "counting.ts": counting,
  "gated.ts": pipelineOf('const held = gate("held")(rows)', "{ results: {}, outputs: { count: counting(held) } }", [
    "gate",
    "counting"
  ]),
  "big.ts": pipelineOf('const big = stutter("big")(rows)', "{ results: {}, outputs: { count: counting(big) } }", [
    "stutter",
    "counting"
  ])
}

const has = (project: Project, file: string) => existsSync(path.join(project.folder, file))

const eventsOf = ({ out }: Ended): ReadonlyArray<Line> =>
  out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))

const started = (ended: Ended): ReadonlyArray<unknown> =>
  eventsOf(ended)
    .filter(({ event }) => event === "started")
    .map(({ node }) => node)

/** Objects of an undisturbed run of the same pipeline. */
const undisturbed = async (pipeline: string, name: string): Promise<ReadonlyArray<string>> => {
  const project = makeProject({ ...files, [`${name}.go`]: "" })
  assert.strictEqual((await project.tanren("run", pipeline)).code, 0)
  return stored(project).objects
}

test.concurrent.for([
  ["a stage works", "gated.ts", "held"],
  ["a table is written", "big.ts", "big"]
] as const)("a run killed while %s is taken up where it was", async ([, pipeline, name]) => {
  const project = makeProject(files)
  const { ended, process } = project.start("run", pipeline, "--json")
  await until(() => has(project, `${name}.started`))
  process.kill("SIGKILL")
  await ended
  assert.deepStrictEqual(stored(project).steps, [load])
  project.write(`${name}.go`, "")
  const lines = await project.lines("run", pipeline)
  const done = lines.find(({ event }) => event === "done")
  assert.deepStrictEqual(done?.nodes, { [load]: "cached", [name]: "ran", counting: "ran" })
  const { leases, objects, temporary } = stored(project)
  assert.deepStrictEqual(
    { leases, objects, temporary },
    { leases: [], objects: await undisturbed(pipeline, name), temporary: [] }
  )
})

test.concurrent.for(["SIGINT", "SIGTERM"] as const)(
  "%s ends a run, keeps what is finished and leaves nothing torn",
  async (signal) => {
    const project = makeProject(files)
    const { ended, process } = project.start("run", "big.ts")
    await until(() => has(project, "big.started"))
    process.kill(signal)
    assert.strictEqual((await ended).code, 130)
    const { leases, steps, temporary } = stored(project)
    assert.deepStrictEqual({ leases, steps, temporary }, { leases: [], steps: [load], temporary: [] })
  }
)

test.concurrent("two runs at once execute each stage once", async () => {
  const project = makeProject(files)
  const runs = [project.start("run", "gated.ts", "--json"), project.start("run", "gated.ts", "--json")]
  await until(() => has(project, "held.started"))
  project.write("held.go", "")
  const ended = await Promise.all(runs.map(({ ended }) => ended))
  assert.deepStrictEqual(
    ended.map(({ code }) => code),
    [0, 0]
  )
  assert.deepStrictEqual(ended.flatMap(started).sort(), ["counting", "held", load])
  assert.strictEqual(project.read("held.started"), "x")
  assert.deepStrictEqual(stored(project).leases, [])
})

test.concurrent("a run that waits for another takes over when that is killed", async () => {
  const project = makeProject(files)
  const first = project.start("run", "gated.ts", "--json")
  await until(() => has(project, "held.started"))
  const second = project.start("run", "gated.ts", "--json")
  await new Promise<void>((resolve) => second.process.stdout?.once("data", () => resolve()))
  first.process.kill("SIGKILL")
  project.write("held.go", "")
  const ended = await second.ended
  assert.strictEqual(ended.code, 0, ended.err)
  assert.deepStrictEqual(started(ended), ["held", "counting"])
  assert.strictEqual(project.read("held.started"), "xx")
  assert.deepStrictEqual(stored(project).leases, [])
})
