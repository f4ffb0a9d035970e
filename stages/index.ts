/** What pipeline files and stage files import: the language, the built-in stages, the prompts of the paper. */
export { pipe } from "effect/Function"

export type { Artifact, Files, Model, RowOf, Split, Table, Tabular, Value, WithRow } from "../src/pipeline/Artifact.ts"
export { Checkpoints } from "../src/pipeline/Checkpoints.ts"
export { ClosedFunction, RowSchema } from "../src/pipeline/ConfigValue.ts"
export type { Estimate, Estimator, Memory, Probe, Remedy } from "../src/pipeline/Estimate.ts"
export {
  atLeast,
  atMost,
  compare,
  type Expectation,
  experiment,
  type Experiment,
  near
} from "../src/pipeline/Experiment.ts"
export { Answers, type Measurement, MeasurementResult, Score, TrainingLog } from "../src/pipeline/Measurement.ts"
export { tokenizerOf } from "../src/pipeline/model.ts"
export { Progress, type ProgressReport } from "../src/pipeline/Progress.ts"
export type {
  FileEntry,
  FilesContent,
  FilesReader,
  ModelContent,
  ModelReader,
  StageFailure,
  StreamedFilesContent,
  TableContent,
  TableReader
} from "../src/pipeline/Reader.ts"
export { rowwise } from "../src/pipeline/rowwise.ts"
export { sampled, sampleReader } from "../src/pipeline/sample.ts"
export {
  aModel,
  anyTable,
  apply,
  type Port,
  someFiles,
  stage,
  type Stage,
  tableOf,
  treeOf,
  valueOf
} from "../src/pipeline/Stage.ts"
export { eachTable } from "../src/pipeline/tabular.ts"
export { OnnxRuntime } from "../src/runtime/OnnxRuntime.ts"
export { Float32s, Int32s } from "../src/table/RowSchema.ts"
export { prompt, type Prompt } from "../src/text/Prompt.ts"
export { alpacaPrompt, alpacaQuestionPrompt, calmPrompt, calmQuestionPrompt } from "../src/text/prompts.ts"
export { template, type Template } from "../src/text/template.ts"

export type { AdapterSource } from "./adapt.ts"
export type { ChoiceEncoding } from "./choiceEncoding.ts"
export { choicePrompts } from "./choicePrompts.ts"
export { choiceTask, type ChoiceTask } from "./choiceTask.ts"
export { ChoiceAnswer, ChoiceResult, evalChoices, type MeasuredChoices } from "./evalChoices.ts"
export { evalPerplexity, PerplexityResult } from "./evalPerplexity.ts"
export { evalWrittenChoices, WrittenChoice, WrittenChoiceResult } from "./evalWrittenChoices.ts"
export type { Sampling } from "./fewShot.ts"
export { filter } from "./filter.ts"
export { format } from "./format.ts"
export { generate } from "./generate.ts"
export { holdOut } from "./holdOut.ts"
export { load } from "./load.ts"
export { loraTrain, type LoraTrainConfig, type Tuned } from "./loraTrain.ts"
export type { Comparison, MatchRule } from "./matchRules.ts"
export { merge } from "./merge.ts"
export { model } from "./model.ts"
export { report } from "./report.ts"
export { InstructionRow, PromptedRow, QuestionRow, TokenRow } from "./rows.ts"
export { jnli, type JnliRow } from "./tasks/jnli.ts"
export { marcJa, type MarcJaRow } from "./tasks/marcJa.ts"
export { tokenize } from "./tokenize.ts"
