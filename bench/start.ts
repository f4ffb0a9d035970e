/** How long the command takes to say anything, beside a Node that does nothing. */
import { join } from "node:path"
import { benchmark } from "./harness/Benchmark.ts"
import type { Command, Finished } from "./harness/measure.ts"
import { largestPeak, median } from "./harness/statistics.ts"

const repetitions = 15
const root = join(import.meta.dirname, "..")

const node = (...words: ReadonlyArray<string>): Command => ({
  program: process.execPath,
  arguments: words,
  directory: root
})
const tanren = (...words: ReadonlyArray<string>): Command => node("bin/tanren.js", ...words)

export default benchmark({
  name: "start",
  work: "start-up: the version, and the plan of the quickstart",
  peer: "node -e 0",
  quick: true,
  goals: {
    version: { of: "ratio", bound: "at most", value: 1.25, raisedFrom: 3 },
    "plan, beyond node": { of: "figure", bound: "at most", value: 250, raisedFrom: 350 }
  },
  run: async (tools) => {
    const plan = tanren("plan", "pipelines/quickstart.ts", "--store", tools.folder("start"))
    const sides = { bare: node("-e", "0"), version: tanren("--version"), plan }
    await tools.measure(plan)
    const runs: { readonly [Side in keyof typeof sides]: Array<Finished> } = { bare: [], version: [], plan: [] }
    for (let repetition = 0; repetition < repetitions; repetition++) {
      runs.bare.push(await tools.measure(sides.bare))
      runs.version.push(await tools.measure(sides.version))
      runs.plan.push(await tools.measure(sides.plan))
    }
    const milliseconds = (side: keyof typeof sides) => 1000 * median(runs[side].map(({ seconds }) => seconds))
    const method = `median of ${repetitions}`
    // These two are over before anybody has looked at their memory.
    const bare = { value: milliseconds("bare"), peak: null }
    if (runs.plan.some(({ output }) => !/\d+ cached, \d+ to run/.test(output))) throw new Error("there was no plan")
    return {
      version: {
        unit: "ms",
        tanren: { value: milliseconds("version"), peak: null },
        peer: bare,
        method,
        proof: "the version was said"
      },
      "plan, beyond node": {
        unit: "ms",
        tanren: { value: milliseconds("plan") - bare.value, peak: largestPeak(runs.plan) },
        peer: null,
        method,
        proof: "every step was planned"
      }
    }
  }
})
