/** The table of results in bench/README.md: rows of what ran are replaced, all others stay. */
import { type Benchmark, type Comparison, type Goal, isMet, ratioOf } from "./Benchmark.ts"

const begin = "<!-- results: begin -->"
const end = "<!-- results: end -->"

const columns = [
  "benchmark",
  "case",
  "Tanren",
  "peer",
  "ratio",
  "goal",
  "",
  "peak memory: Tanren, peer",
  "of the machine's limit",
  "same result",
  "taken"
]

/** Three digits are more than a machine repeats. */
export const number = (value: number): string =>
  value >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : value
        .toPrecision(3)
        .replace(/(\.\d*?)0+$/, "$1")
        .replace(/\.$/, "")

const memory = (bytes: number | null): string => (bytes === null ? "not measured" : `${number(bytes / 1e6)} MB`)

const goalText = ({ bound, of, raisedFrom, value }: Goal, unit: string): string => {
  const raised = raisedFrom === undefined ? "" : ` (raised from ${number(raisedFrom)})`
  return `${bound === "at least" ? "≥" : "≤"} ${number(value)}${of === "ratio" ? " ×" : ` ${unit}`}${raised}`
}

const verdict = (met: boolean | undefined): string => (met === undefined ? "no peer" : met ? "met" : "**missed**")

/** What one case came to, as the cells of its row. */
export const row = (
  { goals, name, peer }: Benchmark,
  label: string,
  comparison: Comparison,
  date: string
): ReadonlyArray<string> => {
  const goal = goals[label]
  if (goal === undefined) throw new Error(`${name} has no goal for its case "${label}"`)
  const { method, proof, share, tanren, unit } = comparison
  const ratio = ratioOf(comparison)
  return [
    name,
    label,
    `${number(tanren.value)} ${unit}`,
    comparison.peer === null ? "none" : `${number(comparison.peer.value)} (${peer})`,
    ratio === undefined ? "" : `${number(ratio)} ×`,
    goalText(goal, unit),
    verdict(isMet(goal, comparison)),
    [tanren, ...(comparison.peer === null ? [] : [comparison.peer])].map(({ peak }) => memory(peak)).join(", "),
    share === undefined
      ? ""
      : `${number((100 * share.value) / share.limit)} % of ${number(share.limit)} ${share.unit} (${share.of})`,
    proof,
    `${date}, ${method}`
  ]
}

const line = (cells: ReadonlyArray<string>): string => `| ${cells.join(" | ")} |`

const cellsOf = (text: string): ReadonlyArray<string> =>
  text
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim())

/** The page with new rows in its table, and a new line on the machine. Rows are in the order of their names. */
export const withResults = (page: string, rows: ReadonlyArray<ReadonlyArray<string>>, machine: string): string => {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from === -1 || to === -1) throw new Error(`the page has no place for results between ${begin} and ${end}`)
  const renewed = new Set(rows.map(([name]) => name))
  const kept = page
    .slice(from + begin.length, to)
    .split("\n")
    .filter((text) => text.startsWith("| "))
    .map(cellsOf)
    .filter(([name]) => name !== columns[0] && !renewed.has(name))
  const sorted = [...kept, ...rows].toSorted(([a = ""], [b = ""]) => (a < b ? -1 : a > b ? 1 : 0))
  const table = [line(columns), `|${"---|".repeat(columns.length)}`, ...sorted.map(line)]
  return [page.slice(0, from) + begin, `Last run: ${machine}.`, "", ...table, page.slice(to)].join("\n")
}
