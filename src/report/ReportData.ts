/** What a report says, before it is written as page, Markdown or JSON: plain data in the order of display. */
import type { Expectation } from "../pipeline/Experiment.ts"
import type { Answers, Score, TrainingLog } from "../pipeline/Measurement.ts"

export type Json = string | number | boolean | null | ReadonlyArray<Json> | { readonly [name: string]: Json }

/** A column of the table of scores: the first score of one measurement. */
export interface Column {
  readonly measurement: string
  readonly score: string
  readonly better: Score["better"]
}

/** One figure of the table; `best` holds for every cell that no other of its column beats. */
export interface Cell {
  readonly value: number
  readonly standardError: number | null
  readonly best: boolean
  /** Which bounds some of the measured texts exceed. */
  readonly beyond: ReadonlyArray<Bound>
}

/** A length beyond which a text is unlike what was tuned on, or more than the model takes. */
export type Bound = "tuning" | "model"

/** A model's cells, one for each column; null where the model was not measured. */
export interface Row {
  readonly model: string
  readonly cells: ReadonlyArray<Cell | null>
}

/** A figure beside the one that was published for it. */
export interface PublishedCell {
  readonly published: number
  readonly found: number
  readonly standardError: number | null
  /** What was found less what was published. */
  readonly difference: number
}

/** Published figures and ours, one cell for each column of the scores; null where nothing was published or found. */
export interface PublishedTable {
  readonly source: string
  readonly rows: ReadonlyArray<{ readonly model: string; readonly cells: ReadonlyArray<PublishedCell | null> }>
}

/** One score of a tuned model beside its base's. */
export interface Change {
  readonly difference: number
  readonly baseValue: number
  readonly improved: boolean
}

/** What tuning changed: the tuned model's score less its base model's, one for each column. */
export interface Difference {
  readonly tuned: string
  readonly base: string
  readonly cells: ReadonlyArray<Change | null>
}

/** A score of a measurement beside the one in the table. */
export interface FurtherScore {
  readonly model: string
  readonly measurement: string
  readonly score: Score
}

/** An expectation and how it fared; `found` is null, and `met` false, where there is no score to judge. */
export interface Verdict {
  readonly model: string
  readonly measurement: string
  readonly expectation: Expectation
  readonly found: number | null
  readonly met: boolean
}

export type Answer = Answers["answers"][number]

/** The answers of several models to the same questions; `answers` has one entry for each of `models`. */
export interface AnswerSheet {
  readonly measurement: string
  readonly models: ReadonlyArray<string>
  readonly questions: ReadonlyArray<{ readonly question: string; readonly answers: ReadonlyArray<Answer | null> }>
}

/** Whatever else a result holds, as it is. */
export interface Detail {
  readonly model: string
  readonly measurement: string
  readonly content: Json
}

export interface ReportData {
  readonly title: string
  /** Paragraphs that say how to read the figures. */
  readonly notes: ReadonlyArray<string>
  readonly columns: ReadonlyArray<Column>
  readonly rows: ReadonlyArray<Row>
  readonly published: PublishedTable | null
  readonly differences: ReadonlyArray<Difference>
  readonly furtherScores: ReadonlyArray<FurtherScore>
  readonly verdicts: ReadonlyArray<Verdict>
  readonly trainings: ReadonlyArray<{ readonly name: string; readonly log: TrainingLog }>
  readonly answerSheets: ReadonlyArray<AnswerSheet>
  readonly details: ReadonlyArray<Detail>
}
