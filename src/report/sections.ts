/** The sections of the page that are tables: each is markup, or null where there is nothing to show. */
import { boundNotes, marksOf } from "./bounds.ts"
import { change, expectation, number, score, type Style, styleOf } from "./format.ts"
import { type Html, html, language } from "./html.ts"
import { jsonText } from "./json.ts"
import type { Answer, AnswerSheet, Column, Difference, ReportData, Row } from "./ReportData.ts"
import { cell, figure, figureHead, head, row, rowHead, table } from "./table.ts"

const direction: { readonly [B in Column["better"]]: string } = {
  higher: "↑ higher is better",
  lower: "↓ lower is better"
}

/** The head of a measurement's column: its name, its score, and which way is better. */
export const columnHead = ({ better, measurement, score: name }: Column): Html =>
  html`<th scope="col" class="figure"><span${language(measurement)}>${measurement}</span>
<span class="unit">${name}<br>${direction[better]}</span></th>`

const notMeasured = figure(html`<span class="none" aria-label="not measured">–</span>`)

/** The style of each column, told from all of its values. */
export const columnStyles = (rows: ReadonlyArray<Row>, columns: ReadonlyArray<Column>): ReadonlyArray<Style> =>
  columns.map((_, i) => styleOf(rows.flatMap(({ cells }) => cells[i]?.value ?? [])))

const shownScore = (value: number, standardError: number | null, style: Style): Html => {
  const [shown = "", error] = score(value, standardError, style).split(" ± ")
  return html`${shown}${error === undefined ? null : html` <span class="error">± ${error}</span>`}`
}

const scoreRow = ({ cells, model }: Row, styles: ReadonlyArray<Style>): Html =>
  row(
    rowHead(model),
    ...cells.map((each, i) => {
      if (each === null) return notMeasured
      const shown = shownScore(each.value, each.standardError, styles[i] ?? "quantity")
      const marks = marksOf(each)
      return figure(
        html`${each.best ? html`<strong>${shown}</strong>` : shown}${marks === "" ? null : html`<sup>${marks}</sup>`}`
      )
    })
  )

/** Models down, measurements across. */
export const scores = ({ columns, rows }: ReportData): Html | null => {
  if (rows.length === 0) return null
  const styles = columnStyles(rows, columns)
  const withErrors = rows.some(({ cells }) => cells.some((each) => each !== null && each.standardError !== null))
  return table({
    label: "Scores",
    caption: [
      `The best of each column in bold${withErrors ? "; ± is one standard error." : "."}`,
      ...boundNotes(rows)
    ].join(" "),
    heads: [head("Model"), ...columns.map(columnHead)],
    rows: rows.map((each) => scoreRow(each, styles))
  })
}

const differenceRow = ({ base, cells, tuned }: Difference, styles: ReadonlyArray<Style>): Html =>
  row(
    html`<th scope="row"><span${language(tuned)}>${tuned}</span>
<span class="source">from <span${language(base)}>${base}</span></span></th>`,
    ...cells.map((each, i) => {
      if (each === null) return notMeasured
      const shown = change(each.difference, each.baseValue, styles[i] ?? "quantity")
      const judgement = each.difference === 0 ? "unchanged" : each.improved ? "better" : "worse"
      return figure(html`<span class="${judgement}">${shown}</span> <span class="error">${judgement}</span>`)
    })
  )

/** Tuned models down, what they gained or lost on their base across. */
export const differences = (data: ReportData): Html | null => {
  if (data.differences.length === 0) return null
  const styles = columnStyles(data.rows, data.columns)
  return table({
    label: "What tuning changed",
    caption: "Each tuned model’s score less that of its base.",
    heads: [head("Model"), ...data.columns.map(columnHead)],
    rows: data.differences.map((each) => differenceRow(each, styles))
  })
}

/** What was expected of each score, and whether it held. */
export const expectations = ({ verdicts }: ReportData): Html | null =>
  verdicts.length === 0
    ? null
    : table({
        label: "Expectations",
        caption: "A missed expectation fails the run.",
        heads: [
          ...["Model", "Measurement"].map(head),
          ...["Expected", "Found"].map(figureHead),
          ...["Verdict", "Source"].map(head)
        ],
        rows: verdicts.map(({ expectation: expected, found, measurement, met, model }) =>
          row(
            rowHead(model),
            cell(measurement),
            figure(expectation(expected)),
            figure(found === null ? "no score" : number(found, styleOf([found, expected.value]))),
            html`<td class="${met ? "met" : "missed"}">${met ? "✓ met" : "✗ missed"}</td>`,
            html`<td class="source">${expected.source ?? "–"}</td>`
          )
        )
      })

/** Scores beside the first of their measurement. */
export const furtherScores = ({ furtherScores: further }: ReportData): Html | null =>
  further.length === 0
    ? null
    : table({
        label: "Further scores",
        caption: "Other figures of the same measurements.",
        heads: [...["Model", "Measurement", "Score"].map(head), figureHead("Value")],
        rows: further.map(({ measurement, model, score: { better, name, standardError, value } }) =>
          row(
            rowHead(model),
            cell(measurement),
            html`<td>${name} <span class="source">${direction[better]}</span></td>`,
            figure(shownScore(value, standardError, styleOf([value])))
          )
        )
      })

/** Why an answer ended, where that is worth a word. */
export const ending: { readonly [E in Answer["ended"]]: string | null } = {
  "end of text": null,
  "stop string": "ended at a stop string",
  "token limit": "cut off at the token limit"
}

const answerCell = (given: Answer | null): Html => {
  if (given === null) return html`<td><span class="none" aria-label="not asked">–</span></td>`
  const text = given.answer === "" ? html`<span class="none">nothing</span>` : html`${given.answer}`
  const note = ending[given.ended]
  return html`<td><p${language(given.answer)}>${text}</p>${
    note === null ? null : html`<span class="ended">${note}</span>`
  }</td>`
}

const answerSheet = ({ measurement, models, questions }: AnswerSheet): Html =>
  html`<h3${language(measurement)}>${measurement}</h3>
${table({
  label: `Answers: ${measurement}`,
  caption: "What each model wrote, word for word.",
  heads: ["Question", ...models].map(head),
  rows: questions.map(({ answers: given, question }) => row(rowHead(question), ...given.map(answerCell))),
  attributes: html` class="answers" style="--models: ${models.length}"`
})}`

/** Answers side by side: questions down, models across. */
export const answers = ({ answerSheets }: ReportData): Html | null =>
  answerSheets.length === 0 ? null : html`${answerSheets.map(answerSheet)}`

/** A page is for reading: of what is longer than this many characters, the JSON report has the rest. */
const longest = 20_000

/** Results that are neither scores nor answers, as JSON. */
export const details = (data: ReportData): Html | null => {
  if (data.details.length === 0) return null
  return html`${data.details.map(({ content, measurement, model }) => {
    const text = jsonText(content)
    const shown = text.length <= longest ? text : `${text.slice(0, longest)}\n… the rest is in report.json`
    return html`<details>
      <summary>${model}: ${measurement}</summary>
      <pre tabindex="0">${shown}</pre>
    </details> `
  })}`
}
