/** The report as one HTML file: it needs no network, no script, and no other file. */
import { counted } from "./format.ts"
import { type Html, html, language } from "./html.ts"
import { published } from "./publishedSection.ts"
import type { ReportData } from "./ReportData.ts"
import { answers, details, differences, expectations, furtherScores, scores } from "./sections.ts"
import { stylesheet } from "./stylesheet.ts"
import { trainings } from "./trainingSection.ts"

interface Section {
  readonly id: string
  readonly heading: string
  /** Null where the report has nothing of the kind. */
  readonly content: Html | null
}

const sections = (data: ReportData): ReadonlyArray<Section> => [
  { id: "scores", heading: "Scores", content: scores(data) },
  { id: "published", heading: "Beside the published figures", content: published(data) },
  { id: "differences", heading: "What tuning changed", content: differences(data) },
  { id: "expectations", heading: "Expectations", content: expectations(data) },
  { id: "further-scores", heading: "Further scores", content: furtherScores(data) },
  { id: "training", heading: "Training", content: trainings(data) },
  { id: "answers", heading: "Answers", content: answers(data) },
  { id: "details", heading: "Details", content: details(data) }
]

/** How much there is, and whether it came out as expected. */
export const lead = ({ columns, rows, verdicts }: ReportData): string => {
  const size = `${counted(rows.length, "model")}, ${counted(columns.length, "measurement")}.`
  if (verdicts.length === 0) return size
  const met = verdicts.filter((verdict) => verdict.met).length
  return met === verdicts.length
    ? `${size} Every expectation is met (${met} of ${met}).`
    : `${size} ${counted(verdicts.length - met, "expectation")} of ${verdicts.length} missed.`
}

/** The page. Equal data give equal bytes. */
export const page = (data: ReportData): string => {
  const present = sections(data).filter(({ content }) => content !== null)
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${data.title}</title>
<style>${{ markup: stylesheet }}</style>
</head>
<body>
<header>
<h1${language(data.title)}>${data.title}</h1>
<p class="lead">${lead(data)}</p>
${data.notes.map((note) => html`<p${language(note)}>${note}</p>\n`)}<nav aria-label="Sections"><ul>
${present.map(({ heading, id }) => html`<li><a href="#${id}">${heading}</a></li> `)}</ul></nav>
</header>
<main>
${present.map(
  ({ content, heading, id }) =>
    html`<section aria-labelledby="${id}">
      <h2 id="${id}">${heading}</h2>
      ${content}
    </section> `
)}</main>
</body>
</html>
`.markup
}
