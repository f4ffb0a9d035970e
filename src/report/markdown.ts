/** The report as Markdown, for a terminal, a pull request or a diff: the tables of the page without its curves. */
import { boundNotes, marksOf } from "./bounds.ts"
import { change, count, expectation, number, score, signed, styleOf } from "./format.ts"
import { lead } from "./page.ts"
import type { Answer, ReportData } from "./ReportData.ts"
import { columnStyles, ending } from "./sections.ts"
import { describe, summarize } from "./training.ts"

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" }

/** Text that Markdown shows as it is, on one line. */
export const plain = (text: string): string =>
  text
    .replace(/[&<>]/g, (character) => entities[character] ?? character)
    .replace(/[\\`*_[\]|#~!$]/g, "\\$&")
    .replace(/\r\n?|\n/g, "<br>")

type Align = "left" | "right"
const rule: { readonly [A in Align]: string } = { left: ":---", right: "---:" }

/** A table: heads with their alignment, then rows of finished cells. */
const table = (
  heads: ReadonlyArray<readonly [text: string, align: Align]>,
  rows: ReadonlyArray<ReadonlyArray<string>>
): string => {
  const row = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  return [row(heads.map(([text]) => text)), row(heads.map(([, align]) => rule[align])), ...rows.map(row)].join("\n")
}

const arrows = { higher: "↑", lower: "↓" } as const

const scoreHeads = ({ columns }: ReportData): ReadonlyArray<readonly [string, Align]> => [
  ["Model", "left"],
  ...columns.map(
    ({ better, measurement, score: name }) =>
      [`${plain(measurement)}<br>${plain(name)} ${arrows[better]}`, "right"] as const
  )
]

const scores = (data: ReportData): string => {
  const styles = columnStyles(data.rows, data.columns)
  const shown = table(
    scoreHeads(data),
    data.rows.map(({ cells, model }) => [
      plain(model),
      ...cells.map((cell, i) => {
        if (cell === null) return "–"
        const text = score(cell.value, cell.standardError, styles[i] ?? "quantity")
        return (cell.best ? `**${text}**` : text) + plain(marksOf(cell))
      })
    ])
  )
  return [shown, ...boundNotes(data.rows).map(plain)].join("\n\n")
}

const published = (data: ReportData): string => {
  const styles = columnStyles(data.rows, data.columns)
  const beside = data.published
  if (beside === null) return ""
  const rows = beside.rows.map(({ cells, model }) => [
    plain(model),
    ...cells.map((cell, i) => {
      if (cell === null) return "–"
      const style = styles[i] ?? "quantity"
      return (
        `${score(cell.found, cell.standardError, style)}<br>published ${number(cell.published, style)}<br>` +
        signed(cell.difference, style)
      )
    })
  ])
  return `${table(scoreHeads(data), rows)}\n\nPublished: ${plain(beside.source)}.`
}

const differences = (data: ReportData): string => {
  const styles = columnStyles(data.rows, data.columns)
  return table(
    scoreHeads(data),
    data.differences.map(({ base, cells, tuned }) => [
      `${plain(tuned)} from ${plain(base)}`,
      ...cells.map((cell, i) =>
        cell === null ? "–" : change(cell.difference, cell.baseValue, styles[i] ?? "quantity")
      )
    ])
  )
}

const expectations = ({ verdicts }: ReportData): string =>
  table(
    [
      ["Model", "left"],
      ["Measurement", "left"],
      ["Expected", "right"],
      ["Found", "right"],
      ["Verdict", "left"],
      ["Source", "left"]
    ],
    verdicts.map(({ expectation: expected, found, measurement, met, model }) => [
      plain(model),
      plain(measurement),
      expectation(expected),
      found === null ? "no score" : number(found, styleOf([found, expected.value])),
      met ? "✓ met" : "**✗ missed**",
      plain(expected.source ?? "–")
    ])
  )

const furtherScores = ({ furtherScores: further }: ReportData): string =>
  table(
    [
      ["Model", "left"],
      ["Measurement", "left"],
      ["Score", "left"],
      ["Value", "right"]
    ],
    further.map(({ measurement, model, score: { better, name, standardError, value } }) => [
      plain(model),
      plain(measurement),
      `${plain(name)} ${arrows[better]}`,
      score(value, standardError, styleOf([value]))
    ])
  )

const trainings = ({ trainings: logs }: ReportData): string =>
  logs
    .map(({ log, name }) => {
      const { steps, tokens } = summarize(log)
      return `- ${plain(name)}: ${count(steps)} steps, ${count(tokens)} tokens. ${describe(log)}`
    })
    .join("\n")

const answer = (given: Answer | null): string => {
  if (given === null) return "–"
  const note = ending[given.ended]
  return plain(given.answer) + (note === null ? "" : ` *(${note})*`)
}

const answers = ({ answerSheets }: ReportData): string =>
  answerSheets
    .map(
      ({ measurement, models, questions }) =>
        `### ${plain(measurement)}\n\n` +
        table(
          [["Question", "left"], ...models.map((model) => [plain(model), "left"] as const)],
          questions.map(({ answers: given, question }) => [plain(question), ...given.map(answer)])
        )
    )
    .join("\n\n")

/** The report's text, with a final newline. Equal data give equal bytes. */
export const markdown = (data: ReportData): string => {
  const section = (heading: string, content: ReadonlyArray<unknown>, write: (data: ReportData) => string) =>
    content.length === 0 ? [] : [`## ${heading}`, write(data)]
  return (
    [
      `# ${plain(data.title)}`,
      lead(data),
      ...data.notes.map(plain),
      ...section("Scores", data.rows, scores),
      ...section("Beside the published figures", data.published?.rows ?? [], published),
      ...section("What tuning changed", data.differences, differences),
      ...section("Expectations", data.verdicts, expectations),
      ...section("Further scores", data.furtherScores, furtherScores),
      ...section("Training", data.trainings, trainings),
      ...section("Answers", data.answerSheets, answers)
    ].join("\n\n") + "\n"
  )
}
