/** Where the paper's models and data come from. */
import { InstructionRow, load, model, QuestionRow } from "tanren"
import * as Schema from "effect/Schema"
import type { Evaluation } from "./measuring.ts"
import type { Bases } from "./tuning.ts"

/** Section 2.1. LLaMA is there under the name by which the Hub has it in transformers' format. */
export const bases: Bases = {
  calm: model.hub("cyberagent/open-calm-7b", { revision: "main" }),
  llama7b: model.hub("huggyllama/llama-7b", { revision: "main" }),
  llama13b: model.hub("huggyllama/llama-13b", { revision: "main" })
}

/**
 * Section 2.2: llm-japanese-dataset v0, about 8.4 million rows. The data set has grown since: for the rows of the paper, name
 * the revision of v0.
 */
export const instructions = load.hub("izumi-lab/llm-japanese-dataset", {
  revision: "main",
  files: "**/data/*.json",
  row: InstructionRow
})

const SentencePair = Schema.Struct({
  sentence1: Schema.String,
  sentence2: Schema.String,
  label: Schema.Literals(["entailment", "contradiction", "neutral"])
})

const Review = Schema.Struct({ sentence: Schema.String, label: Schema.Literals(["positive", "negative"]) })

/** Where the evaluation data lies; a mirror has the same files under other URLs. */
export const places = {
  /** Japanese VQA. */
  vqa: "https://github.com/yahoojapan/ja-vg-vqa/raw/master/question_answers.json.zip",
  /** JGLUE v1.1, which the harness read in 2023. A later version relabelled 29 of the 2,434 pairs. */
  jnli: "https://raw.githubusercontent.com/yahoojapan/JGLUE/v1.1.0/datasets/jnli-v1.1",
  /** The publisher of MARC-ja has withdrawn it. Who has it puts JGLUE's two files of it here, beside the pipelines. */
  marcJa: "marc_ja"
}

/** Section 3: what the models are measured on. */
export const evaluationFrom = ({ jnli, marcJa, vqa }: typeof places): Evaluation => ({
  // 793,664 question-answer pairs about images. Each element of the file holds those of one image.
  vqa: load.zip(vqa, { files: "question_answers.json", rows: "qas", row: QuestionRow }),
  jnli: {
    documents: load.http(`${jnli}/valid-v1.1.json`, { row: SentencePair }),
    examples: load.http(`${jnli}/train-v1.1.json`, { row: SentencePair })
  },
  marcJa: {
    documents: load.files({ folder: marcJa, files: "valid-v1.0.json", row: Review }),
    examples: load.files({ folder: marcJa, files: "train-v1.0.json", row: Review })
  }
})
