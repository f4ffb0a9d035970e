/** The scores as comma-separated values (RFC 4180), one line a score: for spreadsheets and statistics programs. */
import type { ReportData, Row } from "./ReportData.ts"

type Field = string | number | null
type Line = ReadonlyArray<Field>

const heads: Line = [
  "model",
  "measurement",
  "score",
  "better",
  "value",
  "standard error",
  "texts beyond tuning length",
  "texts beyond model",
  "published",
  "difference"
]

const shown = (field: Field): string => {
  const text = field === null ? "" : String(field)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

const linesOf = (data: ReportData, { cells, model }: Row): ReadonlyArray<Line> => {
  const beside = data.published?.rows.find((row) => row.model === model)?.cells
  return data.columns.flatMap(({ better, measurement, score }, i) => {
    const cell = cells[i]
    if (cell == null) return []
    const [tuning, limit] = (["tuning", "model"] as const).map((bound) => (cell.beyond.includes(bound) ? "yes" : "no"))
    const { difference = null, published = null } = beside?.[i] ?? {}
    return [
      [
        ...[model, measurement, score, better, cell.value, cell.standardError],
        ...[tuning ?? null, limit ?? null, published, difference]
      ]
    ]
  })
}

const furtherLines = ({ furtherScores }: ReportData): ReadonlyArray<Line> =>
  furtherScores.map(({ measurement, model, score: { better, name, standardError, value } }) => [
    ...[model, measurement, name, better, value, standardError],
    ...[null, null, null, null]
  ])

/** Numbers have all their digits; what is not there is empty. */
export const csv = (data: ReportData): string =>
  [heads, ...data.rows.flatMap((row) => linesOf(data, row)), ...furtherLines(data)]
    .map((line) => `${line.map(shown).join(",")}\r\n`)
    .join("")
