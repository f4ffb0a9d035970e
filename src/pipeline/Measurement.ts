/** What every measurement reports, whatever it measures: scores that tables show and expectations judge. */
import * as Schema from "effect/Schema"
import type { Model, Value } from "./Artifact.ts"

/** One figure; `standardError` is null where the measurement defines none. */
export const Score = Schema.Struct({
  name: Schema.String,
  value: Schema.Finite,
  standardError: Schema.NullOr(Schema.Finite),
  better: Schema.Literals(["lower", "higher"])
})
export type Score = typeof Score.Type

/** The common part of measurement results. The first score is the one in tables and expectations. */
export const MeasurementResult = Schema.Struct({ scores: Schema.NonEmptyArray(Score) })
export type MeasurementResult = typeof MeasurementResult.Type

/** How many of a measurement's texts are longer than those that were tuned on, or than the model takes. */
export const TextLengths = Schema.Struct({
  /** Tokens of the longest text. */
  longest: Schema.Int,
  /** Texts longer than the tuning's input length, which the paper marks with `*`; null where no length was given. */
  beyondTuning: Schema.NullOr(Schema.Int),
  /** Texts longer than the model's positions, marked with `†`: their beginnings were left out. */
  beyondModel: Schema.Int
})
export type TextLengths = typeof TextLengths.Type

/** Free answers, for reading side by side. */
export const Answers = Schema.Struct({
  answers: Schema.Array(
    Schema.Struct({
      question: Schema.String,
      answer: Schema.String,
      /** Why writing ended. */
      ended: Schema.Literals(["end of text", "stop string", "token limit"])
    })
  )
})
export type Answers = typeof Answers.Type

/** The course of a training: one entry per optimiser step, and the validation losses between them. */
export const TrainingLog = Schema.Struct({
  steps: Schema.Array(
    Schema.Struct({
      step: Schema.Int,
      /** Mean cross entropy in nats per label token, before the step's update. */
      loss: Schema.Finite,
      learningRate: Schema.Finite,
      /** Global gradient norm before clipping; null where gradients overflowed float16 and the step was skipped. */
      gradientNorm: Schema.NullOr(Schema.Finite),
      /** The factor of the loss, of a training in float16. */
      lossScale: Schema.optionalKey(Schema.Finite),
      tokens: Schema.Int
    })
  ),
  validation: Schema.Array(Schema.Struct({ step: Schema.Int, loss: Schema.Finite }))
})
export type TrainingLog = typeof TrainingLog.Type

/** A measurement is a question that can be put to any model. */
export type Measurement<out A = unknown> = (model: Model) => Value<A>
