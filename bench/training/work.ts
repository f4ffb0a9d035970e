/** The three trainings that are compared. */
import type { TrainingWork } from "./compare.ts"
import { equalLengths, mixedLengths, neox, smallLlama } from "./workloads.ts"

const onNeox = { modelName: "gpt-neox-12x768", sizes: neox, targets: ["query_key_value"] }

export const mixedRows: TrainingWork = {
  ...onNeox,
  rowsName: "mixed",
  lengths: mixedLengths,
  batchSize: 16,
  microBatchSize: 8
}

export const equalRows: TrainingWork = {
  ...onNeox,
  rowsName: "equal",
  lengths: equalLengths,
  batchSize: 4,
  microBatchSize: 4
}

export const llamaRows: TrainingWork = {
  modelName: "llama-30x576",
  sizes: smallLlama,
  targets: ["q_proj", "v_proj"],
  rowsName: "llama",
  lengths: equalLengths,
  batchSize: 4,
  microBatchSize: 4
}
