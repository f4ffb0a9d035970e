/** Nothing to do: how long it takes to find that out for a thousand stages, start-up included. */
import { benchmark } from "./harness/Benchmark.ts"
import { largestPeak, median } from "./harness/statistics.ts"
import { makeAll, makeProject } from "./graph/project.ts"

const stages = 1_000
const repetitions = 5

export default benchmark({
  name: "no-op",
  work: `${stages} stages over as many input files, of which nothing changed`,
  peer: "dvc repro",
  quick: true,
  goals: {
    "run, in seconds": { of: "figure", bound: "at most", value: 0.45, raisedFrom: 0.5 },
    "against dvc": { of: "ratio", bound: "at most", value: 1 / 20 }
  },
  run: async (tools) => {
    const project = await makeProject(tools, "no-op", stages)
    await makeAll(tools, project)
    const own = []
    const peers = []
    for (let repetition = 0; repetition < repetitions; repetition++) {
      const tanren = await tools.measure(project.tanren())
      if (!tanren.output.includes(`0 ran, ${stages} cached`)) throw new Error("Tanren ran something")
      const dvc = await tools.measure(project.dvc())
      if (!dvc.output.includes("Data and pipelines are up to date.")) throw new Error("DVC ran something")
      own.push(tanren)
      peers.push(dvc)
      tools.say(`${tanren.seconds.toFixed(2)} s, dvc ${dvc.seconds.toFixed(2)} s`)
    }
    const comparison = {
      unit: "s",
      tanren: { value: median(own.map(({ seconds }) => seconds)), peak: largestPeak(own) },
      peer: { value: median(peers.map(({ seconds }) => seconds)), peak: largestPeak(peers) },
      method: `median of ${repetitions}`,
      proof: `both found ${stages} results of the same files`
    }
    return { "run, in seconds": comparison, "against dvc": comparison }
  }
})
