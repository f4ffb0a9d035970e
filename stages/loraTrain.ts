/** `loraTrain` tunes a model by low-rank adaptation: the base stays as it is, the adapter is what is learned. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Model, Table, Tabular, Value } from "../src/pipeline/Artifact.ts"
import { isTable } from "../src/pipeline/Artifact.ts"
import { TrainingLog } from "../src/pipeline/Measurement.ts"
import { aModel, apply, stage, tableOf, treeOf, valueOf } from "../src/pipeline/Stage.ts"
import { isOpenEnded } from "../src/model/schedule.ts"
import { type TrainingOptions, trainingDefaults } from "../src/model/TrainingOptions.ts"
import { TokenRow } from "./rows.ts"

const count = Schema.Int.check(Schema.isGreaterThan(0))
const notNegative = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))
const share = Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0), Schema.isLessThan(1))

/** The config of a training, with its bounds. */
export const TrainingConfig = Schema.Struct({
  rank: count,
  alpha: Schema.Finite.check(Schema.isGreaterThan(0)),
  targets: Schema.NonEmptyArray(Schema.NonEmptyString),
  dropout: share,
  rankStabilized: Schema.Boolean,
  betas: Schema.Tuple([share, share]),
  epsilon: Schema.Finite.check(Schema.isGreaterThan(0)),
  weightDecay: notNegative,
  maxGradientNorm: Schema.NullOr(Schema.Finite.check(Schema.isGreaterThan(0))),
  epochs: count,
  batchSize: count,
  learningRate: notNegative,
  schedule: Schema.Literals(["linear", "constant", "deepspeed-0.8.3", "deepspeed-0.8.3-log"]),
  warmup: Schema.Union([
    Schema.Struct({ steps: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)) }),
    Schema.Struct({ ratio: share })
  ]),
  lossNormalization: Schema.Literals(["token", "micro-batch"]),
  microBatchSize: count,
  labels: Schema.Literals(["all", "response"]),
  microBatchTokens: count,
  precision: Schema.Literals(["float32", "float16"]),
  recomputation: Schema.Literals(["none", "layers"]),
  shuffle: Schema.Boolean,
  validateEvery: Schema.NullOr(count),
  seed: Schema.Int
})

const loraTrainStage = stage({
  name: "loraTrain",
  module: import.meta.url,
  computes: true,
  config: TrainingConfig,
  // A list, since there may be no validation rows.
  inputs: { base: aModel, training: tableOf(TokenRow), validation: treeOf<ReadonlyArray<Table<TokenRow>>>() },
  outputs: { model: aModel, log: valueOf(TrainingLog) },
  extent: (options) => (isOpenEnded(options) ? ["epochs"] : []),
  run: ({ base, training, validation: [validation = null] }, options) =>
    Effect.gen(function* () {
      const { train } = yield* Effect.promise(() => import("../src/model/train.ts"))
      const { files, log } = yield* train({ model: base, rows: training, validation, options })
      return { model: { from: base, adapter: files }, log }
    })
})

/** A tuned model and the course of its training. */
export interface Tuned extends Model {
  readonly log: Value<TrainingLog>
}

type Defaults = keyof typeof trainingDefaults

/** What a pipeline must say of a training; every other option has a default, see `trainingDefaults`. */
export type LoraTrainConfig = { readonly base: Model } & Omit<TrainingOptions, Defaults | "targets"> & {
    readonly targets: readonly [string, ...ReadonlyArray<string>]
  } & { readonly [Option in Defaults]?: TrainingOptions[Option] }

/**
 * Tunes `base` on token rows by LoRA (Hu et al. 2021) as PEFT defines it, with AdamW. Of a split table the validation part gives
 * the validation losses; a plain table is trained on whole. The result is accepted wherever a base is.
 */
export const loraTrain =
  (config: LoraTrainConfig) =>
  (rows: Tabular<TokenRow>): Tuned => {
    const { base, ...options } = config
    const { log, model } = apply(loraTrainStage, {
      config: { ...trainingDefaults, ...options },
      inputs: isTable(rows)
        ? { base, training: rows, validation: [] }
        : { base, training: rows.training, validation: [rows.validation] },
      schemas: {},
      estimate: async () => (await import("./estimates/loraTrain.ts")).estimateTraining
    })
    return { ...model, log }
  }
