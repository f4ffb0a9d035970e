/** The rows that pass between the built-in stages. */
import * as Schema from "effect/Schema"
import { Int32s } from "../src/table/RowSchema.ts"

/** Instruction data as the paper's corpus has it; further fields are allowed and left behind. */
export const InstructionRow = Schema.Struct({
  instruction: Schema.String,
  input: Schema.String,
  output: Schema.String
})
export type InstructionRow = typeof InstructionRow.Type

/** A question and the answer to it. */
export const QuestionRow = Schema.Struct({ question: Schema.String, answer: Schema.String })
export type QuestionRow = typeof QuestionRow.Type

/** What a model is given, and what it should write. */
export const PromptedRow = Schema.Struct({ prompt: Schema.String, response: Schema.String })
export type PromptedRow = typeof PromptedRow.Type

/** Text as a model reads it. */
export const TokenRow = Schema.Struct({
  /** Prompt and response, and the end-of-text token where there was room. */
  ids: Int32s,
  /** How many tokens the prompt has, tokenized alone. */
  promptTokens: Schema.Int,
  /** How many tokens were cut off because the row was too long. */
  cut: Schema.Int
})
export type TokenRow = typeof TokenRow.Type
