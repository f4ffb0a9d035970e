/** How a measurement counts the texts that are longer than what was tuned on, or than the model takes. */
import * as Schema from "effect/Schema"
import type { TextLengths } from "../src/pipeline/Measurement.ts"

/** Tokens a row may have in tuning; null where nothing is to be counted. */
export const TuningLength = Schema.NullOr(Schema.Int.check(Schema.isGreaterThan(0)))

/** Whether a model of so many positions predicts a text of so many tokens whole: its last token predicts nothing. */
export const fitsModel = (tokens: number, positions: number): boolean => tokens - 1 <= positions

/** Counts texts by their numbers of tokens. */
export const textLengths = (
  tokens: ReadonlyArray<number>,
  { positions, tuningLength }: { readonly positions: number; readonly tuningLength: number | null }
): TextLengths => ({
  longest: tokens.reduce((longest, length) => Math.max(longest, length), 0),
  beyondTuning: tuningLength === null ? null : tokens.filter((length) => length > tuningLength).length,
  beyondModel: tokens.filter((length) => !fitsModel(length, positions)).length
})
