/** What a stage costs beyond its own work: experiments of trivial stages, cold. */
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { benchmark } from "./harness/Benchmark.ts"
import type { Finished } from "./harness/measure.ts"
import { largestPeak, median } from "./harness/statistics.ts"
import type { Tools } from "./harness/tools.ts"
import { makeProject, type Project } from "./graph/project.ts"

const stages = 200
const repetitions = 3

/** Makes everything from nothing. */
const cold = async (tools: Tools, project: Project): Promise<Finished> => {
  project.forget()
  const finished = await tools.measure(project.tanren())
  if (!finished.output.includes(`${project.stages} ran, 0 cached`)) throw new Error("a stage did not run")
  return finished
}

const coldPeer = async (tools: Tools, project: Project): Promise<Finished> => {
  rmSync(join(project.folder, "dvc.lock"), { force: true })
  const finished = await tools.measure(project.dvc("--force", "--no-run-cache"))
  if (readFileSync(join(project.folder, "dvc.lock"), "utf8").split("cmd: cp ").length !== project.stages + 1)
    throw new Error("DVC did not run every stage")
  return finished
}

/** Milliseconds that a further stage costs: start-up and what the first one loads are in both runs. */
const perStage = (all: ReadonlyArray<Finished>, one: ReadonlyArray<Finished>): number => {
  const seconds = (runs: ReadonlyArray<Finished>) => median(runs.map((run) => run.seconds))
  return (1000 * (seconds(all) - seconds(one))) / (stages - 1)
}

export default benchmark({
  name: "overhead",
  work: `${stages} stages that copy a small file each, from nothing: the cost of a further stage`,
  peer: "dvc repro",
  quick: true,
  goals: { "a further stage": { of: "figure", bound: "at most", value: 4, raisedFrom: 5 } },
  run: async (tools) => {
    const all = await makeProject(tools, "overhead", stages)
    const one = await makeProject(tools, "overhead-one", 1)
    const own: { readonly all: Array<Finished>; readonly one: Array<Finished> } = { all: [], one: [] }
    const peer: typeof own = { all: [], one: [] }
    // The code is fingerprinted once, as on any machine on which the experiment was ever planned.
    await cold(tools, all)
    await cold(tools, one)
    for (let repetition = 0; repetition < repetitions; repetition++) {
      own.all.push(await cold(tools, all))
      own.one.push(await cold(tools, one))
      tools.say(`${own.all.at(-1)?.seconds.toFixed(2)} s`)
    }
    // DVC takes the better part of a minute, and the goal is a figure of ours: once is enough.
    peer.all.push(await coldPeer(tools, all))
    peer.one.push(await coldPeer(tools, one))
    tools.say(`dvc ${peer.all[0]?.seconds.toFixed(2)} s`)
    return {
      "a further stage": {
        unit: "ms",
        tanren: { value: perStage(own.all, own.one), peak: largestPeak(own.all) },
        peer: { value: perStage(peer.all, peer.one), peak: largestPeak(peer.all) },
        method: `medians of ${repetitions}, dvc once`,
        proof: `both made ${stages} copies`
      }
    }
  }
})
