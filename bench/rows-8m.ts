/**
 * Rows by the million from JSON Lines to token ids, as many as the paper has unless TANREN_BENCH_ROWS says another number:
 * memory that does not grow, a rate that does not fall, and one more row in a hundred for little more than a hundredth of the time.
 */
import { benchmark, type Measured } from "./harness/Benchmark.ts"
import { largestPeak } from "./harness/statistics.ts"
import { statSync, truncateSync } from "node:fs"
import { removeStore, tanrenCommand, TanrenReport } from "./rows/compare.ts"
import { appendRows, prepareRows } from "./rows/prepare.ts"

const rows = Number(process.env["TANREN_BENCH_ROWS"] ?? 8_400_000)
const appended = Math.ceil(rows / 100)

/** Rows a second between two moments of tokenizing. */
const rateBetween = (moments: ReadonlyArray<readonly [rows: number, seconds: number]>): number => {
  const [first, last] = [moments[0], moments.at(-1)]
  return first === undefined || last === undefined ? NaN : (last[0] - first[0]) / (last[1] - first[1])
}

export default benchmark({
  name: "rows-8m",
  work: `${rows.toLocaleString("en-US")} made-up Japanese instruction rows through the stages of \`rows\``,
  peer: "none",
  quick: false,
  goals: {
    "peak memory": { of: "figure", bound: "at most", value: 0.75, raisedFrom: 1 },
    "rate of the last tenth of tokenizing, of the first": { of: "figure", bound: "at least", value: 0.9 },
    "1 % more rows": { of: "figure", bound: "at most", value: 2 }
  },
  run: async (tools) => {
    const prepared = await prepareRows(tools, rows)
    const runs = await tools.alternately({ tanren: tanrenCommand(tools, prepared, "empty") }, 1, TanrenReport)
    const { size } = statSync(prepared.rows)
    appendRows(prepared.rows, appended, 2)
    const again = await tools
      .alternately({ tanren: tanrenCommand(tools, prepared, "as left") }, 1, TanrenReport)
      .finally(() => truncateSync(prepared.rows, size))
    removeStore(tools)
    const [more] = again.tanren
    const peak = largestPeak(runs.tanren)
    const [run] = runs.tanren
    if (run === undefined || more === undefined || peak === null)
      throw new Error("memory cannot be measured on this system")
    const { digest, seconds, tokenized, tokens } = run.report
    const tenth = Math.ceil(tokenized.length / 10)
    const change = rateBetween(tokenized.slice(-tenth - 1)) / rateBetween(tokenized.slice(0, tenth + 1))
    const compared = (unit: string, tanren: Measured) => ({
      unit,
      tanren,
      peer: null,
      method: `one run, ${Math.round(rows / seconds).toLocaleString("en-US")} rows/s from end to end`,
      proof: `none to compare with; ${tokens.toLocaleString("en-US")} ids of sha256 ${digest.slice(0, 12)}`
    })
    return {
      "peak memory": compared("GiB", { value: peak / 2 ** 30, peak }),
      "rate of the last tenth of tokenizing, of the first": compared("×", { value: change, peak }),
      "1 % more rows": {
        ...compared("% of the time of all", {
          value: (100 * more.report.seconds) / seconds,
          peak: largestPeak(again.tanren)
        }),
        method: `one run over ${appended.toLocaleString("en-US")} rows more, ${more.report.seconds.toFixed(1)} s`,
        proof: `none to compare with; ${more.report.tokens.toLocaleString("en-US")} ids`
      }
    }
  }
})
