/** Everything that decides a training's result, and nothing else but how much memory it takes. */
import * as Effect from "effect/Effect"
import { TrainingMisconfigured } from "./Errors.ts"
import type { LoraOptions } from "./lora.ts"
import type { Precision } from "./precision.ts"

/** AdamW (Loshchilov and Hutter, 2019). */
export interface AdamWOptions {
  readonly betas: readonly [number, number]
  readonly epsilon: number
  readonly weightDecay: number
  /** Largest global norm of the gradients, which are scaled down to it; null leaves them. */
  readonly maxGradientNorm: number | null
}

export interface TrainingOptions extends LoraOptions, AdamWOptions {
  readonly epochs: number
  /** Rows an optimiser step; the last step of an epoch takes what is left. */
  readonly batchSize: number
  readonly learningRate: number
  /**
   * "linear": up over the warm-up, then down to 0 (Hugging Face). "deepspeed-0.8.3": DeepSpeed's `WarmupDecayLR` as the
   * paper's code configures it, with `warmup_type` "linear": the first update has the full rate, the second none, later
   * ones lag by one. "deepspeed-0.8.3-log": the same with that class's default, "log".
   */
  readonly schedule: "linear" | "constant" | "deepspeed-0.8.3" | "deepspeed-0.8.3-log"
  readonly warmup: { readonly steps: number } | { readonly ratio: number }
  /**
   * "token": the mean over all label tokens of a step. "micro-batch": the mean over the micro-batches of a step of the
   * mean over the label tokens of each, which weighs tokens in short company more; micro-batches are `microBatchSize`
   * consecutive rows.
   */
  readonly lossNormalization: "token" | "micro-batch"
  readonly microBatchSize: number
  /** Whether prompts are learned too, or responses alone. */
  readonly labels: "all" | "response"
  /** Tokens computed at once: memory, not results. A longer row is computed alone. */
  readonly microBatchTokens: number
  /**
   * "float16": the frozen model rounds its weights and hidden states to float16, as on a graphics device; adapter,
   * moments and loss stay float32. The loss is scaled as in DeepSpeed 0.8.3, and steps that overflow are skipped.
   */
  readonly precision: Precision
  /**
   * "layers": of each layer its input alone is kept, and the layer computed a second time for its gradient. The same
   * result, for less memory and about a third more time.
   */
  readonly recomputation: "none" | "layers"
  /** Whether each epoch has an order of its own, or the table's. */
  readonly shuffle: boolean
  /** Steps between validation losses; null: only at the end. */
  readonly validateEvery: number | null
  /** Of the adapter's first values, the order of rows and the dropout masks. */
  readonly seed: number
}

/** What is usual where nothing else is said; the size of the model and the data decide the rest. */
export const trainingDefaults = {
  dropout: 0.05,
  rankStabilized: false,
  betas: [0.9, 0.999],
  epsilon: 1e-8,
  weightDecay: 0,
  maxGradientNorm: 1,
  schedule: "linear",
  warmup: { steps: 0 },
  lossNormalization: "token",
  labels: "all",
  microBatchSize: 1,
  microBatchTokens: 512,
  precision: "float32",
  recomputation: "none",
  shuffle: true,
  validateEvery: null
} as const satisfies Partial<TrainingOptions>

/** Refuses settings that cannot be meant. */
export const checkOptions = (options: TrainingOptions, rows: number): Effect.Effect<void, TrainingMisconfigured> => {
  const problems: ReadonlyArray<readonly [setting: string, wrong: boolean, reason: string]> = [
    ["rows", rows === 0, "is an empty table."],
    [
      "dropout",
      !(options.dropout >= 0 && options.dropout < 1),
      `is ${options.dropout}; it must be at least 0 and less than 1.`
    ],
    ...(["rank", "epochs", "batchSize", "microBatchSize", "microBatchTokens"] as const).map(
      (name) =>
        [
          name,
          !(Number.isInteger(options[name]) && options[name] > 0),
          `is ${options[name]}; it must be a positive whole number.`
        ] as const
    )
  ]
  const problem = problems.find(([, wrong]) => wrong)
  return problem === undefined
    ? Effect.void
    : Effect.fail(new TrainingMisconfigured({ setting: problem[0], reason: problem[2] }))
}
