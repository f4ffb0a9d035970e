/**
 * Every setting that the paper (Suzuki, Hirano and Sakaji 2023) states, and where. What it leaves open is taken from its
 * published implementation, https://github.com/retarfi/jallm; what that leaves open, too, is said to be so.
 */
import type { LoraTrainConfig } from "tanren"

/** What a tuning is made of, but for its base and rows. */
export interface TuningSettings {
  /** Longest text in tokens; what is beyond is cut off at the end, as the implementation's tokenizer does. */
  readonly maxLength: number
  readonly training: Omit<LoraTrainConfig, "base">
}

/** Table 1, rows that are alike for all three, and what the implementation adds. */
const common = {
  learningRate: 3e-4,
  rank: 4,
  alpha: 16,
  dropout: 0.05,

  // The implementation. The loss covers the prompt too (train_on_inputs), as a mean over the means of micro-batches. How many
  // rows a micro-batch has depends on its GPUs and is not told: 8 is a guess. The alternative is "token", one mean over all.
  labels: "all",
  lossNormalization: "micro-batch",
  microBatchSize: 8,

  // How much is computed at once, which decides no more than rounding: twice the default, since these models are meant for a GPU.
  microBatchTokens: 1024,

  // AdamW of DeepSpeed as transformers sets it up: weight decay 0, gradients clipped at 1.
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradientNorm: 1,

  // DeepSpeed's WarmupDecayLR with a linear warm-up, and its quirk of one full step before it. The length of the warm-up is not
  // told: 100 steps is the default of the script that the implementation is made from. The alternative is "linear".
  schedule: "deepspeed-0.8.3",
  warmup: { steps: 100 },

  // float16 weights with a dynamic loss scale, adapters in float32.
  precision: "float16",

  // The validation loss is taken every 1,000 steps.
  validateEvery: 1000,

  // The implementation shuffles without a seed, so that no two of its runs are alike. Here the seed is that of its split.
  shuffle: true,
  seed: 42
} as const

/** Rows held out for the validation loss, by the implementation. */
export const heldOut = { rows: 2_000, seed: 42 }

/** Table 1, first column. */
export const stormySettings: TuningSettings = {
  maxLength: 300,
  training: { ...common, targets: ["query_key_value"], batchSize: 128, epochs: 10 }
}

/** Table 1, second column. */
export const llama7bSettings: TuningSettings = {
  maxLength: 256,
  training: { ...common, targets: ["q_proj", "v_proj"], batchSize: 128, epochs: 5 }
}

/** Table 1, third column. */
export const llama13bSettings: TuningSettings = {
  maxLength: 256,
  training: { ...common, targets: ["q_proj", "v_proj"], batchSize: 130, epochs: 1 }
}

/**
 * How many rows stormy is tuned on. Section 2.2 counts the 1,809,964 that are left without translation, Table 1 says about 1.4
 * million, and the paper does not reconcile the two. "all" is what section 2.2 describes and the default; "1.4 million" draws as
 * many by a seed of ours.
 */
export type StormyRows = "all" | "1.4 million"

/** Section 4.2. The limit of tokens is the implementation's. */
export const answering = {
  calm: { repetitionPenalty: 1.05, maxTokens: 256 },
  llama: { repetitionPenalty: 1, maxTokens: 256 }
}

/** Section 4.2. */
export const questions = [
  "あなたは誰ですか？",
  "東京から大阪の行き方を教えてください。",
  "東京大学はどこにありますか？",
  "電話が鳴りました。どうするべきですか？",
  "京都の三大祭りと言えば何？"
] as const
