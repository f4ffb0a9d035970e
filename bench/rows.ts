/** Instruction rows from JSON Lines to token ids. */
import { benchmark } from "./harness/Benchmark.ts"
import { largestPeak, median } from "./harness/statistics.ts"
import { peerCommand, removeStore, Report, tanrenCommand } from "./rows/compare.ts"
import { prepareRows } from "./rows/prepare.ts"

const rows = 200_000
const processes = 2
const repetitions = 2

export default benchmark({
  name: "rows",
  work:
    `${rows.toLocaleString("en-US")} made-up Japanese instruction rows: JSON Lines, filter, prompt, byte-level BPE with ` +
    `50,000 tokens cut at 256, Arrow; the peer has ${processes} processes`,
  peer: "datasets + tokenizers",
  quick: true,
  goals: { "rows a second": { of: "ratio", bound: "at least", value: 2.5 } },
  run: async (tools) => {
    const prepared = await prepareRows(tools, rows)
    const sides = { tanren: tanrenCommand(tools, prepared, "empty"), peer: peerCommand(tools, prepared, processes) }
    const runs = await tools.alternately(sides, repetitions, Report)
    removeStore(tools)
    const digests = new Set(Object.values(runs).flatMap((side) => side.map(({ report }) => report.digest)))
    if (digests.size !== 1) throw new Error(`the ids differ: ${[...digests].join(", ")}`)
    const side = (name: keyof typeof runs) => ({
      value: median(runs[name].map(({ report }) => report.rows / report.seconds)),
      peak: largestPeak(runs[name])
    })
    return {
      "rows a second": {
        unit: "rows/s",
        tanren: side("tanren"),
        peer: side("peer"),
        method: `median of ${repetitions}`,
        proof: `sha256 of all ${runs.peer[0]?.report.tokens.toLocaleString("en-US")} ids`
      }
    }
  }
})
