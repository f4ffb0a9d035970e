/** The table that sets our figures beside published ones. */
import { number, score, signed, styleOf } from "./format.ts"
import { type Html, html } from "./html.ts"
import type { PublishedCell, ReportData } from "./ReportData.ts"
import { columnHead, columnStyles } from "./sections.ts"
import { figure, head, row, rowHead, table } from "./table.ts"

/** In each cell our figure with its standard error, the published one, and the difference; null where none is published. */
export const published = (data: ReportData): Html | null => {
  const { columns, published: beside } = data
  if (beside === null || beside.rows.length === 0) return null
  const styles = columnStyles(data.rows, columns)
  const shown = (cell: PublishedCell | null, i: number): Html => {
    if (cell === null) return figure(html`<span class="none" aria-label="nothing to compare">–</span>`)
    const style = styles[i] ?? styleOf([cell.published])
    return figure(
      html`${score(cell.found, cell.standardError, style)}
        <span class="source">published ${number(cell.published, style)}</span>
        <span class="error">${signed(cell.difference, style)}</span>`
    )
  }
  return table({
    label: "Beside the published figures",
    caption: `Found, published, and found less published. Published: ${beside.source}.`,
    heads: [head("Model"), ...columns.map(columnHead)],
    rows: beside.rows.map(({ cells, model }) => row(rowHead(model), ...cells.map(shown)))
  })
}
