/** The page docs/agreement.md: a row for each comparison with a reference tool, out of what tests found. */
import type { Agreement } from "./agreement.ts"

/** A comparison and the file of the test that makes it, from the project's root. */
export interface Found extends Agreement {
  readonly test: string
}

const head = ["Tool", "What is compared", "Largest difference", "Tolerance", "Values", "Test"]

const cellsOf = (line: string): ReadonlyArray<string> =>
  line
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim())

const link = (test: string): string => `[${test}](../${test})`

/** What a row is about, without the digits, which another machine may not find again. */
const identity = ({ test, tolerance, tool, what }: Found): string => [tool, what, tolerance, link(test)].join(" | ")

/** One row for each comparison, in the order of the page. */
const merge = (all: ReadonlyArray<Found>): ReadonlyArray<Found> => {
  const rows = new Map<string, Found>()
  for (const found of all) {
    const { difference = 0, values = 0 } = rows.get(identity(found)) ?? {}
    rows.set(identity(found), {
      ...found,
      values: values + found.values,
      difference: Math.max(difference, found.difference)
    })
  }
  return [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
}

const shownDifference = ({ difference, tolerance }: Found): string =>
  tolerance === "equal" ? "none" : difference === 0 ? "0" : difference.toExponential(1)

/** The page, with a final newline. */
export const page = (all: ReadonlyArray<Found>): string => {
  const rows = merge(all).map((found) => [
    found.tool,
    found.what,
    shownDifference(found),
    found.tolerance,
    found.values.toLocaleString("en-US"),
    link(found.test)
  ])
  const table = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`)
  return `# Agreement with reference tools

Numbers of this project beside those of the tools that others compute them with, on models small enough to be part of the
tests. \`npm run agreement\` runs these tests and writes this page: differences are the largest that it saw, on a CPU, in float32.
Every test run holds to the tolerances, and notices a comparison that is missing here or no longer made. How the tools were run is
in [test/reference](../test/reference).

${table.join("\n")}
`
}

/** The rows of a page as `identity` gives them, by the test that makes them. */
const rowsOf = (text: string): ReadonlyArray<{ readonly test: string; readonly row: string }> =>
  text.split("\n").flatMap((line) => {
    const [tool, what, , tolerance, , test] = cellsOf(line)
    const path = test?.match(/^\[(.+)\]\(/)?.[1]
    return path === undefined ? [] : [{ test: path, row: [tool, what, tolerance, test].join(" | ") }]
  })

/** What a page lacks of what was found, and what it has that the tests that ran to their end no longer find. */
export const stale = (
  text: string,
  all: ReadonlyArray<Found>,
  complete: ReadonlySet<string>
): { readonly missing: ReadonlyArray<string>; readonly obsolete: ReadonlyArray<string> } => {
  const written = rowsOf(text)
  const found = new Set(all.map(identity))
  return {
    missing: [...found].filter((row) => !written.some((other) => other.row === row)),
    obsolete: written.filter(({ row, test }) => complete.has(test) && !found.has(row)).map(({ row }) => row)
  }
}
