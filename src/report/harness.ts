/** Choice results in the files of lm-eval 0.4, for programs that read those: a summary, and a line for each question. */
import type { Score } from "../pipeline/Measurement.ts"
import { jsonText } from "./json.ts"
import type { Json } from "./ReportData.ts"

/** How a task was put to a model. */
export interface AskedChoices {
  readonly task: string
  readonly description: string
  readonly separator: string
  readonly choices: ReadonlyArray<string>
  readonly shots: number
  /** Null: every document was asked. */
  readonly limit: number | null
}

/** One task, as a model did it. */
export interface DoneChoices {
  /** The name of the measurement, which stands where lm-eval has that of a task. */
  readonly measurement: string
  readonly asked: AskedChoices
  readonly scores: ReadonlyArray<Score>
  readonly questions: number
}

export interface Question {
  /** Position of the document in its table. */
  readonly document: number
  readonly context: string
  readonly choices: ReadonlyArray<string>
  readonly gold: number
}

export interface QuestionAnswer {
  readonly predicted: number
  readonly predictedByCharacter: number
  readonly logProbabilities: ReadonlyArray<number>
}

/** What lm-eval and its forerunner call the scores of a choice task. */
const metrics: Readonly<Record<string, string>> = {
  accuracy: "acc",
  "accuracy by character": "acc_norm",
  "balanced accuracy": "balanced_acc",
  "Matthews correlation": "mcc",
  "macro F1": "macro_f1"
}

const named = ({ scores }: DoneChoices): ReadonlyArray<readonly [metric: string, score: Score]> =>
  scores.flatMap((score) => {
    const metric = metrics[score.name]
    return metric === undefined ? [] : [[metric, score] as const]
  })

const byTask = (
  tasks: ReadonlyArray<DoneChoices>,
  of: (task: DoneChoices) => Json
): { readonly [task: string]: Json } => Object.fromEntries(tasks.map((task) => [task.measurement, of(task)]))

const scoresOf = (task: DoneChoices): Json => ({
  name: task.measurement,
  alias: task.measurement,
  sample_len: task.questions,
  ...Object.fromEntries(
    named(task).flatMap(([metric, { standardError, value }]) => [
      [`${metric},none`, value],
      [`${metric}_stderr,none`, standardError ?? "N/A"]
    ])
  )
})

const configOf = (task: DoneChoices): Json => ({
  task: task.asked.task,
  description: task.asked.description,
  doc_to_choice: task.asked.choices,
  target_delimiter: "",
  fewshot_delimiter: task.asked.separator,
  num_fewshot: task.asked.shots,
  metric_list: named(task).map(([metric, { better }]) => ({ metric, higher_is_better: better === "higher" })),
  output_type: "multiple_choice",
  repeats: 1,
  should_decontaminate: false
})

/** lm-eval has one limit for all tasks of a run: none can be said where they differ. */
const commonLimit = (tasks: ReadonlyArray<DoneChoices>): number | null => {
  const [limit = null, ...others] = new Set(tasks.map(({ asked }) => asked.limit))
  return others.length === 0 ? limit : null
}

/** The summary of all tasks of one model: the text of a file `results_*.json`. */
export const harnessSummary = (model: string, tasks: ReadonlyArray<DoneChoices>): string =>
  jsonText({
    results: byTask(tasks, scoresOf),
    group_subtasks: {},
    configs: byTask(tasks, configOf),
    versions: byTask(tasks, () => "N/A"),
    "n-shot": byTask(tasks, ({ asked }) => asked.shots),
    higher_is_better: byTask(tasks, (task) =>
      Object.fromEntries(named(task).map(([metric, { better }]) => [metric, better === "higher"]))
    ),
    // How many documents there are is known where all of them were asked.
    "n-samples": byTask(tasks, ({ asked, questions }) => ({
      original: asked.limit === null ? questions : null,
      effective: questions
    })),
    config: { model: "tanren", model_args: model, limit: commonLimit(tasks) },
    model_source: "tanren",
    model_name: model
  })

/** One question and what became of it: a line of a file `samples_*.jsonl`. Whether an answer is greedy is not known. */
export const harnessSample = (
  { choices, context, document, gold }: Question,
  { logProbabilities, predicted, predictedByCharacter }: QuestionAnswer
): string =>
  `${JSON.stringify({
    doc_id: document,
    doc: { query: context, choices, gold },
    target: String(gold),
    arguments: Object.fromEntries(
      choices.map((choice, index) => [`gen_args_${index}`, { arg_0: context, arg_1: choice }])
    ),
    resps: logProbabilities.map((value) => [[String(value)]]),
    filtered_resps: logProbabilities.map((value) => [String(value)]),
    filter: "none",
    metrics: ["acc", "acc_norm"],
    acc: predicted === gold ? 1 : 0,
    acc_norm: predictedByCharacter === gold ? 1 : 0
  })}\n`

/** The name of a model or measurement as part of a file's name: no two become one. */
const fileName = (name: string): string =>
  name.replace(/["<>:/|\\?*[\]%]|^\.+$/g, (found) =>
    Array.from(found, (character) => `%${character.charCodeAt(0).toString(16)}`).join("")
  )

/** Where a model's summary goes: lm-eval has a date in place of the last word, but a result knows no clock. */
export const summaryPath = (model: string): string => `lm-eval/${fileName(model)}/results_tanren.json`

/** Where a model's answers to a task go. */
export const samplesPath = (model: string, measurement: string): string =>
  `lm-eval/${fileName(model)}/samples_${fileName(measurement)}_tanren.jsonl`
