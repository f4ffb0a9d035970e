/**
 * The paper at small scale: every row and column of Table 2 and the free answers, by the code of `paper/`, on small bases of the same
 * architectures and on rows in the same layouts. Everything it reads lies beside it; it takes minutes on two cores.
 */
import { atMost, InstructionRow, load, model, QuestionRow } from "tanren"
import * as Schema from "effect/Schema"
import { paperExperiment } from "./paper/experiment.ts"
import { llama13bSettings, llama7bSettings, stormySettings, type TuningSettings } from "./paper/settings.ts"
import { type Bases, tuneAll } from "./paper/tuning.ts"

const bases: Bases = {
  calm: model.folder("quickstart/base"), // 3.8 million parameters
  llama7b: model.folder("paper-small/llama-7b"), // 1.1 million
  llama13b: model.folder("paper-small/llama-13b") // 1.8 million
}

/** What a small model and few rows ask for: a higher rate, smaller batches, one epoch. Everything else is the paper's. */
const small = ({ training }: TuningSettings, maxLength: number): TuningSettings => ({
  maxLength,
  training: {
    ...training,
    learningRate: 5e-3,
    batchSize: 32,
    epochs: 1,
    warmup: { steps: 5 },
    precision: "float32",
    validateEvery: 25
  }
})

const settings = {
  stormy: small(stormySettings, 120),
  llama7b: small(llama7bSettings, 160),
  llama13b: small(llama13bSettings, 160)
}

const instructions = load.files({ files: "quickstart/rows/**/data/*.json", row: InstructionRow }) // 3,020 rows

const tuned = tuneAll(bases, instructions, { heldOut: { rows: 100, seed: 42 }, stormyRows: "all", ...settings })

const SentencePair = Schema.Struct({
  sentence1: Schema.String,
  sentence2: Schema.String,
  label: Schema.Literals(["entailment", "contradiction", "neutral"])
})

const Review = Schema.Struct({ sentence: Schema.String, label: Schema.Literals(["positive", "negative"]) })

const embedded = "paper-small"

export default paperExperiment("paper-small", {
  title: "The paper at small scale",
  notes: [
    "Small models of the paper's architectures on made-up rows in the paper's layouts, by the paper's own pipeline. The figures say " +
      "that the pipeline works; they say nothing about the models of the paper."
  ],
  bases,
  tuned: {
    ...tuned,
    lengths: {
      stormy: settings.stormy.maxLength,
      llama7b: settings.llama7b.maxLength,
      llama13b: settings.llama13b.maxLength
    },
    logs: {
      "stormy (Instruct CALM)": tuned.stormy.log,
      "Instruct LLaMA 7B": tuned.llama7b.log,
      "Instruct LLaMA 13B": tuned.llama13b.log
    }
  },
  evaluation: {
    vqa: load.files({ folder: embedded, files: "question_answers.json", rows: "qas", row: QuestionRow }),
    jnli: {
      documents: load.files({ folder: embedded, files: "jnli-valid.json", row: SentencePair }),
      examples: load.files({ folder: embedded, files: "jnli-train.json", row: SentencePair })
    },
    marcJa: {
      documents: load.files({ folder: embedded, files: "marc_ja-valid.json", row: Review }),
      examples: load.files({ folder: embedded, files: "marc_ja-train.json", row: Review })
    }
  },
  scale: { limit: null, maxTokens: 32 },
  // Half of what the bases have, and less: 73.1, 115.8 and 103.
  expect: {
    "stormy (Instruct CALM)": { VQA: atMost(30) },
    "Instruct LLaMA 7B": { VQA: atMost(60) },
    "Instruct LLaMA 13B": { VQA: atMost(60) }
  },
  published: false
})
