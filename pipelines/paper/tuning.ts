/** Section 2: the three tunings, as functions of a base and the instruction rows. */
import {
  alpacaPrompt,
  calmPrompt,
  filter,
  format,
  holdOut,
  type InstructionRow,
  loraTrain,
  type Model,
  pipe,
  type Prompt,
  type Table,
  tokenize,
  type Tuned
} from "tanren"
import type { StormyRows, TuningSettings } from "./settings.ts"

/** The bases of the paper. */
export interface Bases {
  readonly calm: Model
  readonly llama7b: Model
  readonly llama13b: Model
}

/** What differs between the paper and the same experiment at another scale. */
export interface TuningScale {
  readonly heldOut: { readonly rows: number; readonly seed: number }
  readonly stormyRows: StormyRows
  readonly stormy: TuningSettings
  readonly llama7b: TuningSettings
  readonly llama13b: TuningSettings
}

/**
 * Rows are held out last. The stages before look at each row alone, so that rows which are added later cost no more than themselves there; which
 * rows are held out hangs on how many there are.
 */
const tune = (
  base: Model,
  rows: Table<InstructionRow>,
  template: Prompt<"instruction" | "input" | "output">,
  { maxLength, training }: TuningSettings,
  heldOut: TuningScale["heldOut"]
): Tuned =>
  pipe(
    rows,
    format({ template }),
    tokenize({ model: base, maxLength, appendEos: true, tooLong: "cut" }),
    holdOut(heldOut),
    loraTrain({ base, ...training })
  )

/** Section 2.2: CALM reads Japanese alone, so the rows that link it to English are left out. */
const withoutTranslation = (rows: Table<InstructionRow>): Table<InstructionRow> =>
  filter<Table<InstructionRow>>({
    name: "no translation",
    keep: (row) =>
      row.instruction !== "次の日本語を英語に翻訳してください。" &&
      row.instruction !== "次の英語を日本語に翻訳してください。"
  })(rows)

const drawn: { readonly [R in StormyRows]: (rows: Table<InstructionRow>) => Table<InstructionRow> } = {
  all: (rows) => rows,
  // What is held out is drawn without replacement: here it is what is kept.
  "1.4 million": (rows) => holdOut({ rows: 1_400_000, seed: 42 })(rows).validation
}

/** The tuned models of the paper. */
export const tuneAll = (bases: Bases, rows: Table<InstructionRow>, scale: TuningScale) => ({
  stormy: tune(bases.calm, drawn[scale.stormyRows](withoutTranslation(rows)), calmPrompt, scale.stormy, scale.heldOut),
  llama7b: tune(bases.llama7b, rows, alpacaPrompt, scale.llama7b, scale.heldOut),
  llama13b: tune(bases.llama13b, rows, alpacaPrompt, scale.llama13b, scale.heldOut)
})
