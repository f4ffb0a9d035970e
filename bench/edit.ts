/** One input of a thousand changed: how long it takes until the stage that reads it starts. */
import { benchmark } from "./harness/Benchmark.ts"
import { largestPeak, median } from "./harness/statistics.ts"
import { untilSaid } from "./harness/untilSaid.ts"
import { makeAll, makeProject } from "./graph/project.ts"

const stages = 1_000
const repetitions = 5

export default benchmark({
  name: "edit",
  work: `${stages} stages over as many input files, of which one changed: until its stage starts`,
  peer: "dvc repro",
  quick: true,
  goals: { "first stage starts": { of: "figure", bound: "at most", value: 0.45, raisedFrom: 0.6 } },
  run: async (tools) => {
    const project = await makeProject(tools, "edit", stages)
    await makeAll(tools, project)
    const own = []
    const peers = []
    for (let repetition = 0; repetition < repetitions; repetition++) {
      project.edit(stages - 1 - repetition, `edited in repetition ${repetition}\n`)
      const tanren = await untilSaid(project.tanren("--json"), '"event":"started"')
      if (tanren.output.split('"event":"started"').length !== 2) throw new Error("Tanren ran more than one stage")
      const dvc = await untilSaid(project.dvc(), "Running stage")
      if (dvc.output.split("Running stage").length !== 2) throw new Error("DVC ran more than one stage")
      own.push(tanren)
      peers.push(dvc)
      tools.say(`${tanren.seconds.toFixed(2)} s, dvc ${dvc.seconds.toFixed(2)} s`)
    }
    return {
      "first stage starts": {
        unit: "s",
        tanren: { value: median(own.map(({ seconds }) => seconds)), peak: largestPeak(own) },
        peer: { value: median(peers.map(({ seconds }) => seconds)), peak: largestPeak(peers) },
        method: `median of ${repetitions}`,
        proof: "both ran the one stage that reads the edited file"
      }
    }
  }
})
