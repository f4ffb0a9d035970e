/** The scores as comma-separated values (RFC 4180), one line a score: for spreadsheets and statistics programs. */
import type { Score } from "../pipeline/Measurement.ts"
import type { Bound, ReportData, Row } from "./ReportData.ts"

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

interface Figure extends Score {
  readonly model: string
  readonly measurement: string
}

const lineOf = (
  { better, measurement, model, name, standardError, value }: Figure,
  beyondTuning: "yes" | "no" | null,
  beyondModel: "yes" | "no" | null,
  published: number | null,
  difference: number | null
): Line => [model, measurement, name, better, value, standardError, beyondTuning, beyondModel, published, difference]

const linesOf = (data: ReportData, { cells, model }: Row): ReadonlyArray<Line> => {
  const beside = data.published?.rows.find((row) => row.model === model)?.cells
  return data.columns.flatMap(({ better, measurement, score }, i) => {
    const cell = cells[i]
    if (cell == null) return []
    const said = (bound: Bound) => (cell.beyond.includes(bound) ? "yes" : "no")
    const { difference = null, published = null } = beside?.[i] ?? {}
    return [
      lineOf(
        { model, measurement, name: score, better, value: cell.value, standardError: cell.standardError },
        said("tuning"),
        said("model"),
        published,
        difference
      )
    ]
  })
}

const furtherLines = ({ furtherScores }: ReportData): ReadonlyArray<Line> =>
  furtherScores.map(({ measurement, model, score }) => lineOf({ model, measurement, ...score }, null, null, null, null))

/** Numbers have all their digits; what is not there is empty. */
export const csv = (data: ReportData): string =>
  [heads, ...data.rows.flatMap((row) => linesOf(data, row)), ...furtherLines(data)]
    .map((line) => `${line.map(shown).join(",")}\r\n`)
    .join("")
