/** The table of scores in LaTeX, as papers print it: the best of each column in bold, marks as superscripts. */
import { boundNotes, marksOf } from "./bounds.ts"
import { number, type Style } from "./format.ts"
import type { Cell, PublishedCell, ReportData } from "./ReportData.ts"
import { columnStyles } from "./sections.ts"

const special: Readonly<Record<string, string>> = {
  "\\": "\\textbackslash{}",
  "~": "\\textasciitilde{}",
  "^": "\\textasciicircum{}",
  "<": "\\textless{}",
  ">": "\\textgreater{}"
}

/** Text as LaTeX sets it. */
const text = (plain: string): string =>
  plain.replace(/[\\~^<>&%$#_{}]/g, (character) => special[character] ?? `\\${character}`)

const arrows = { higher: "$\\uparrow$", lower: "$\\downarrow$" } as const

/** The minus sign and the dagger are mathematics. */
const math = (shown: string): string => shown.replaceAll("\u2212", "$-$").replaceAll("†", "$\\dagger$")

const line = (cells: ReadonlyArray<string>): string => `${cells.join(" & ")} \\\\`

const cellText = (cell: Cell | null, style: Style): string => {
  if (cell === null) return "--"
  const shown = math(number(cell.value, style))
  const marks = marksOf(cell)
  return `${cell.best ? `\\textbf{${shown}}` : shown}${marks === "" ? "" : `\\textsuperscript{${math(marks)}}`}`
}

const publishedText = (cell: PublishedCell | null, style: Style): string =>
  cell === null ? "" : `{\\footnotesize (${math(number(cell.published, style))})}`

/**
 * A `tabular` for the package booktabs. Published figures, where there are any, stand in brackets under ours. Text that
 * is not Latin needs an engine that knows its script, such as LuaLaTeX.
 */
export const latex = (data: ReportData): string => {
  const styles = columnStyles(data.rows, data.columns)
  const style = (i: number): Style => styles[i] ?? "quantity"
  const rows = data.rows.flatMap(({ cells, model }) => {
    const ours = line([text(model), ...cells.map((cell, i) => cellText(cell, style(i)))])
    const beside = data.published?.rows.find((row) => row.model === model)
    return beside === undefined
      ? [ours]
      : [ours, line(["", ...beside.cells.map((cell, i) => publishedText(cell, style(i)))])]
  })
  const heads = data.columns.map(({ better, measurement }) => `${text(measurement)} ${arrows[better]}`)
  return [
    `% ${data.title.replaceAll(/\s+/g, " ")}`,
    `\\begin{tabular}{l${"r".repeat(data.columns.length)}}`,
    "\\toprule",
    line(["Model", ...heads]),
    "\\midrule",
    ...rows,
    "\\bottomrule",
    "\\end{tabular}",
    ...boundNotes(data.rows).map((note) => `% ${note}`),
    ""
  ].join("\n")
}
