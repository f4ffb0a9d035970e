/** From an experiment's results to the data of its report: which figure goes where, which is best, what was met. */
import * as Schema from "effect/Schema"
import { type Expectation, meets } from "../pipeline/Experiment.ts"
import { Answers, MeasurementResult, type Score, TextLengths, type TrainingLog } from "../pipeline/Measurement.ts"
import { toJson } from "./json.ts"
import type {
  AnswerSheet,
  Bound,
  Column,
  Detail,
  Difference,
  FurtherScore,
  PublishedTable,
  ReportData,
  Row,
  Verdict
} from "./ReportData.ts"

/** What a report is made of. The lists give the order of display, which records do not keep for names like "7". */
export interface Subject {
  readonly title: string
  readonly notes: ReadonlyArray<string>
  readonly models: ReadonlyArray<string>
  readonly measurements: ReadonlyArray<string>
  readonly results: { readonly [model: string]: { readonly [measurement: string]: unknown } }
  readonly trainings: ReadonlyArray<{ readonly name: string; readonly log: TrainingLog }>
  readonly tuned: ReadonlyArray<{ readonly tuned: string; readonly base: string }>
  readonly expect: ReadonlyArray<{
    readonly model: string
    readonly measurement: string
    readonly expectation: Expectation
  }>
  /** Figures that others printed for the same cells, and where. */
  readonly published: {
    readonly source: string
    readonly figures: ReadonlyArray<{ readonly model: string; readonly measurement: string; readonly value: number }>
  } | null
}

/** A result taken apart: its scores, its answers, and the rest. */
interface Result {
  readonly model: string
  readonly measurement: string
  readonly scores: ReadonlyArray<Score>
  readonly answers: Answers["answers"] | null
  readonly beyond: ReadonlyArray<Bound>
  /** Undefined where nothing else is there. */
  readonly rest: unknown
}

const isMeasurementResult = Schema.is(MeasurementResult)
const isAnswers = Schema.is(Answers)
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isTextLengths = Schema.is(TextLengths)

const boundsExceeded = (value: unknown): ReadonlyArray<Bound> => {
  if (!isTextLengths(value)) return []
  const { beyondModel, beyondTuning } = value
  return [...((beyondTuning ?? 0) > 0 ? ["tuning" as const] : []), ...(beyondModel > 0 ? ["model" as const] : [])]
}

const takeApart = (model: string, measurement: string, value: unknown): Result => {
  const scores = isMeasurementResult(value) ? value.scores : []
  const answers = isAnswers(value) ? value.answers : null
  const shown = [...(scores.length > 0 ? ["scores"] : []), ...(answers === null ? [] : ["answers"])]
  const others = Object.entries(isRecord(value) ? value : {}).filter(([name]) => !shown.includes(name))
  const rest = !isRecord(value) ? value : others.length > 0 ? Object.fromEntries(others) : undefined
  return { model, measurement, scores, answers, beyond: boundsExceeded(value), rest }
}

const fits = (column: Column, { measurement, scores: [score] }: Result): boolean =>
  measurement === column.measurement && score?.name === column.score && score.better === column.better

const columnsOf = (results: ReadonlyArray<Result>, measurements: ReadonlyArray<string>): ReadonlyArray<Column> =>
  measurements.flatMap((measurement) => {
    const columns: Array<Column> = []
    for (const result of results) {
      const score = result.scores[0]
      if (result.measurement !== measurement || score === undefined) continue
      if (columns.some((column) => fits(column, result))) continue
      columns.push({ measurement, score: score.name, better: score.better })
    }
    return columns
  })

const beats = (better: Score["better"], a: number, b: number): boolean => (better === "lower" ? a < b : a > b)

const rowsOf = (
  results: ReadonlyArray<Result>,
  { models, tuned }: Pick<Subject, "models" | "tuned">,
  columns: ReadonlyArray<Column>
): ReadonlyArray<Row> => {
  const measured = columns.map((column) => results.filter((result) => fits(column, result)))
  const rows = models.map((model) => ({
    model,
    cells: columns.map((column, i) => {
      const rivals = measured[i] ?? []
      const result = rivals.find((candidate) => candidate.model === model)
      const score = result?.scores[0]
      if (result === undefined || score === undefined) return null
      const beaten = rivals.some(({ scores: [rival] }) => rival && beats(column.better, rival.value, score.value))
      // A base was tuned on nothing, so nothing is beyond its tuning.
      const isBase = tuned.some(({ base }) => base === model)
      return {
        value: score.value,
        standardError: score.standardError,
        best: !beaten && rivals.length > 1,
        beyond: result.beyond.filter((bound) => !(isBase && bound === "tuning"))
      }
    })
  }))
  return rows.filter(({ cells }) => cells.some((cell) => cell !== null))
}

const differencesOf = (
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<Column>,
  pairs: Subject["tuned"]
): ReadonlyArray<Difference> =>
  pairs.flatMap(({ base, tuned }) => {
    const before = rows.find(({ model }) => model === base)
    const after = rows.find(({ model }) => model === tuned)
    if (before === undefined || after === undefined) return []
    const cells = columns.map((column, i) => {
      const [from, to] = [before.cells[i], after.cells[i]]
      if (from == null || to == null) return null
      return {
        difference: to.value - from.value,
        baseValue: from.value,
        improved: beats(column.better, to.value, from.value)
      }
    })
    return [{ tuned, base, cells }]
  })

const verdictsOf = (results: ReadonlyArray<Result>, expect: Subject["expect"]): ReadonlyArray<Verdict> =>
  expect.map(({ expectation, measurement, model }) => {
    const result = results.find((candidate) => candidate.model === model && candidate.measurement === measurement)
    const found = result?.scores[0]?.value ?? null
    return { model, measurement, expectation, found, met: found !== null && meets(expectation, found) }
  })

const publishedOf = (
  rows: ReadonlyArray<Row>,
  columns: ReadonlyArray<Column>,
  published: Subject["published"]
): PublishedTable | null => {
  if (published === null) return null
  const beside = rows.map(({ cells, model }) => ({
    model,
    cells: cells.map((cell, i) => {
      const figure = published.figures.find((one) => one.model === model && one.measurement === columns[i]?.measurement)
      if (cell === null || figure === undefined) return null
      const { standardError, value: found } = cell
      return { published: figure.value, found, standardError, difference: found - figure.value }
    })
  }))
  return { source: published.source, rows: beside.filter(({ cells }) => cells.some((cell) => cell !== null)) }
}

const furtherScoresOf = (results: ReadonlyArray<Result>): ReadonlyArray<FurtherScore> =>
  results.flatMap(({ measurement, model, scores }) => scores.slice(1).map((score) => ({ model, measurement, score })))

const answerSheetsOf = (
  results: ReadonlyArray<Result>,
  measurements: ReadonlyArray<string>
): ReadonlyArray<AnswerSheet> =>
  measurements.flatMap((measurement) => {
    const sheets = results.flatMap(({ answers, ...result }) =>
      result.measurement === measurement && answers !== null ? [{ model: result.model, answers }] : []
    )
    const questions = [...new Set(sheets.flatMap(({ answers }) => answers.map(({ question }) => question)))]
    if (questions.length === 0) return []
    return [
      {
        measurement,
        models: sheets.map(({ model }) => model),
        questions: questions.map((question) => ({
          question,
          answers: sheets.map(({ answers }) => answers.find((answer) => answer.question === question) ?? null)
        }))
      }
    ]
  })

const detailsOf = (results: ReadonlyArray<Result>): ReadonlyArray<Detail> =>
  results.flatMap(({ measurement, model, rest }) =>
    rest === undefined ? [] : [{ model, measurement, content: toJson(rest) }]
  )

/** Arranges the results. Every cell is a measurement's first score; a name that no result has leaves no trace. */
export const assemble = (subject: Subject): ReportData => {
  const { expect, measurements, models, notes, published, title, trainings, tuned } = subject
  const results = models.flatMap((model) =>
    measurements.flatMap((measurement) => {
      const value = subject.results[model]?.[measurement]
      return value === undefined ? [] : [takeApart(model, measurement, value)]
    })
  )
  const columns = columnsOf(results, measurements)
  const rows = rowsOf(results, subject, columns)
  return {
    title,
    notes,
    columns,
    rows,
    published: publishedOf(rows, columns, published),
    differences: differencesOf(rows, columns, tuned),
    furtherScores: furtherScoresOf(results),
    verdicts: verdictsOf(results, expect),
    trainings,
    answerSheets: answerSheetsOf(results, measurements),
    details: detailsOf(results)
  }
}
