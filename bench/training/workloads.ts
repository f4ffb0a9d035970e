/** What is trained: models with random weights, and rows of random tokens. */
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Tools } from "../harness/tools.ts"
import { hash, uniform } from "../../src/model/random.ts"

/** The fields of a config that transformers needs, and of which the sizes decide the arithmetic. */
export interface ModelSizes {
  readonly model_type: "gpt_neox" | "llama"
  readonly hidden_size: number
  readonly intermediate_size: number
  readonly num_hidden_layers: number
  readonly num_attention_heads: number
  readonly vocab_size: number
  readonly [option: string]: unknown
}

/** 12 x 768, the sizes of OpenCALM-small and Pythia-160m. */
export const neox: ModelSizes = {
  model_type: "gpt_neox",
  hidden_size: 768,
  intermediate_size: 3072,
  num_hidden_layers: 12,
  num_attention_heads: 12,
  max_position_embeddings: 2048,
  vocab_size: 50304,
  use_parallel_residual: true,
  tie_word_embeddings: false
}

/** 30 x 576, the sizes of SmolLM-135M: three query heads share a key head. */
export const smallLlama: ModelSizes = {
  model_type: "llama",
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  max_position_embeddings: 2048,
  vocab_size: 49152,
  tie_word_embeddings: true
}

/** The folder of a model, written when it is asked for the first time. */
export const modelFolder = async (tools: Tools, name: string, config: ModelSizes): Promise<string> => {
  const folder = tools.folder(`models/${name}`)
  if (!existsSync(join(folder, "model.safetensors"))) {
    tools.say(`writing the model ${name}`)
    await tools.measure(tools.python("peers/makeModel.py", { folder, config }))
  }
  return folder
}

/** A number of the standard normal distribution (Box and Muller, 1958). */
const normal = (key: number, index: number): number =>
  Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * index))) * Math.cos(2 * Math.PI * uniform(key, 2 * index + 1))

/** As lengths of instruction data lie: log-normal, median 67, none below 24 or above 256. */
export const mixedLengths = (count: number): ReadonlyArray<number> =>
  Array.from({ length: count }, (_, index) =>
    Math.round(Math.min(256, Math.max(24, 67 * Math.exp(0.6 * normal(1, index)))))
  )

export const equalLengths = (count: number): ReadonlyArray<number> => Array.from({ length: count }, () => 256)

/** Rows of these lengths, in a file. */
export const rowsFile = (tools: Tools, name: string, lengths: ReadonlyArray<number>, vocabulary: number): string => {
  const file = join(tools.folder("rows"), `${name}.json`)
  const rows = lengths.map((length, row) =>
    Array.from({ length }, (_, position) => Math.floor(uniform(hash(2, row), position) * vocabulary))
  )
  writeFileSync(file, JSON.stringify(rows))
  return file
}
