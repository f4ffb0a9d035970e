/** Section 3: the columns of Table 2, and the free answers of section 4.2. */
import {
  alpacaPrompt,
  alpacaQuestionPrompt,
  calmPrompt,
  calmQuestionPrompt,
  evalChoices,
  evalPerplexity,
  generate,
  jnli,
  type JnliRow,
  marcJa,
  type MarcJaRow,
  type QuestionRow,
  type Table
} from "tanren"
import { answering, questions } from "./settings.ts"

/** What the models are measured on. */
export interface Evaluation {
  readonly vqa: Table<QuestionRow>
  readonly jnli: { readonly documents: Table<JnliRow>; readonly examples: Table<JnliRow> }
  readonly marcJa: { readonly documents: Table<MarcJaRow>; readonly examples: Table<MarcJaRow> }
}

/** How far from the paper's size a measurement may be: null takes everything. */
export interface MeasuringScale {
  /** Questions asked of each choice task. */
  readonly limit: number | null
  readonly maxTokens: number | null
}

/** Models of one family are asked alike, but for the version of the choice prompts: section 3.2 gives stormy another. */
interface Manner {
  readonly family: "calm" | "llama"
  readonly prompts: "0.2" | "0.3"
  /** Longest text of the tuning, beyond which Table 2 marks a cell with `*`; null for a base. */
  readonly tuningLength: number | null
}

const vqaPrompts = { calm: calmQuestionPrompt, llama: alpacaQuestionPrompt }
const answerPrompts = { calm: calmPrompt, llama: alpacaPrompt }

/**
 * The measurements of one manner of asking. VQA weighs pairs alike, whatever their length, as the implementation does; the
 * figure of formula (1), which weighs tokens, stands beside it in the report.
 */
export const measurements = (
  { jnli: jnliRows, marcJa: marcJaRows, vqa }: Evaluation,
  { family, prompts, tuningLength }: Manner,
  { limit, maxTokens }: MeasuringScale
) => {
  const lengths = tuningLength === null ? {} : { tuningLength }
  const choices = (task: ReturnType<typeof jnli>) => (shots: number) =>
    evalChoices({ task, shots, sampling: "harness", ...lengths, ...(limit === null ? {} : { limit }) })
  const jnliWith = choices(jnli(prompts, jnliRows))
  const marcJaWith = choices(marcJa(prompts, marcJaRows))
  const manner = answering[family]
  return {
    VQA: evalPerplexity({ template: vqaPrompts[family], average: "example", ...lengths })(vqa),
    "JNLI, 1 shot": jnliWith(1),
    "JNLI, 2 shots": jnliWith(2),
    "JNLI, 3 shots": jnliWith(3),
    "MARC-ja, 1 shot": marcJaWith(1),
    "MARC-ja, 2 shots": marcJaWith(2),
    "MARC-ja, 3 shots": marcJaWith(3),
    answers: generate({
      template: answerPrompts[family],
      column: "instruction",
      questions,
      ...manner,
      ...(maxTokens === null ? {} : { maxTokens })
    })
  }
}
