/** The page's section on training: a table of summaries, then the curves of each training with their data. */
import type { TrainingLog } from "../pipeline/Measurement.ts"
import { type Chart, type Curve, draw } from "./chart.ts"
import { count, exact, number } from "./format.ts"
import { type Html, html, language } from "./html.ts"
import type { ReportData } from "./ReportData.ts"
import { sample, smooth, thin, windowOf } from "./series.ts"
import { figure, figureHead, head, row, rowHead, table } from "./table.ts"
import { describe, summarize } from "./training.ts"

type Training = ReportData["trainings"][number]

/** Stretches of a curve; each is drawn by its lowest and its highest point. */
const buckets = 400
/** Rows of a curve's table beside it. */
const tableRows = 50

const quantity = (value: number | null | undefined): Html => figure(value == null ? "–" : number(value, "quantity"))

const summaryRow = ({ log, name }: Training): Html => {
  const { bestValidation, firstLoss, lastLoss, lastValidation, steps, tokens } = summarize(log)
  const best =
    bestValidation === null
      ? quantity(null)
      : figure(
          html`${number(bestValidation.loss, "quantity")} <span class="error">step ${count(bestValidation.step)}</span>`
        )
  const figures = [quantity(firstLoss), quantity(lastLoss), best, quantity(lastValidation?.loss)]
  return row(rowHead(name), figure(count(steps)), figure(count(tokens)), ...figures)
}

const summaries = (trainings: ReadonlyArray<Training>): Html =>
  table({
    label: "Training",
    caption: "Losses in nats per label token.",
    heads: [
      head("Training"),
      ...["Steps", "Tokens", "First loss", "Last loss", "Best validation", "Last validation"].map(figureHead)
    ],
    rows: trainings.map(summaryRow)
  })

const lossCaption = ({ steps }: TrainingLog): string => {
  const window = windowOf(steps)
  return `Loss, nats per label token${window === 1 ? "" : `; the heavy line is the mean of ${window} steps`}`
}

const lossCurves = ({ steps, validation }: TrainingLog): ReadonlyArray<Curve> => {
  const every = steps.map(({ loss, step }) => ({ x: step, y: loss }))
  const smoothed = smooth(every, windowOf(every))
  return [
    { name: "", points: smoothed.length === 0 || windowOf(every) === 1 ? [] : thin(every, buckets), look: "faint" },
    { name: "training", points: thin(smoothed, buckets), look: "strong" },
    { name: "validation", points: validation.map(({ loss, step }) => ({ x: step, y: loss })), look: "marked" }
  ]
}

const single = ({ steps }: TrainingLog, figure: "learningRate" | "gradientNorm"): ReadonlyArray<Curve> => [
  {
    name: "",
    points: thin(
      steps.flatMap((step) => {
        const y = step[figure]
        return y === null ? [] : [{ x: step.step, y }]
      }),
      buckets
    ),
    look: "strong"
  }
]

const drawing = (caption: string, chart: Omit<Chart, "across" | "title">): Html =>
  html`<figure>
    <figcaption>${caption}</figcaption>
    ${draw({ ...chart, across: "step", title: caption })}
  </figure> `

const dataTable = ({ log, name }: Training): Html => {
  const shown = sample(log.steps, tableRows)
  const validations = new Map(log.validation.map(({ loss, step }) => [step, loss]))
  const logged = new Map(log.steps.map((step) => [step.step, step]))
  const steps = [...new Set([...shown.map(({ step }) => step), ...validations.keys()])].toSorted((a, b) => a - b)
  const all = shown.length === log.steps.length
  const content = table({
    label: `Training of ${name}`,
    caption: all ? "Every step." : `${count(shown.length)} of ${count(log.steps.length)} steps; report.json has all.`,
    heads: ["Step", "Loss", "Validation loss", "Learning rate", "Gradient norm"].map(figureHead),
    rows: steps.map((step) => {
      const entry = logged.get(step)
      const rate = figure(entry === undefined ? "–" : exact(entry.learningRate))
      const norm = entry?.gradientNorm === null ? figure("skipped") : quantity(entry?.gradientNorm)
      const stepHead = html`<th scope="row" class="figure">${count(step)}</th>`
      return row(stepHead, quantity(entry?.loss), quantity(validations.get(step)), rate, norm)
    })
  })
  return html`<details class="data">
    <summary>The curves as a table</summary>
    ${content}
  </details>`
}

const small = { width: 440, height: 190 }

const curves = (training: Training, index: number): Html => {
  const { log, name } = training
  const id = `training-${index + 1}`
  const loss = { id: `${id}-loss`, description: describe(log), curves: lossCurves(log), width: 900, height: 340 }
  const rate = { id: `${id}-rate`, description: `Learning rate at each step of ${name}.`, ...small }
  const norm = { id: `${id}-norm`, description: `Global gradient norm at each step of ${name}.`, ...small }
  return html`<h3${language(name)}>${name}</h3>
<div class="curves">
${drawing(lossCaption(log), loss)}${drawing("Learning rate", {
    ...rate,
    curves: single(log, "learningRate")
  })}${drawing("Gradient norm, before clipping", { ...norm, curves: single(log, "gradientNorm") })}</div>
${dataTable(training)}`
}

/** Summaries and curves of every training. */
export const trainings = (data: ReportData): Html | null =>
  data.trainings.length === 0 ? null : html`${summaries(data.trainings)} ${data.trainings.map(curves)}`
