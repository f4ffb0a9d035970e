/** MARC-ja of JGLUE as a choice task: whether a review of a product is positive, asked as the harness asks it. */
import type { Table } from "../../src/pipeline/Artifact.ts"
import { type ChoiceTask, choiceTask } from "../choiceTask.ts"
import { instructionDescription } from "./instruction.ts"

/** A review; `label` is positive or negative. */
export interface MarcJaRow {
  readonly sentence: string
  readonly label: string
}

const prompts = {
  "0.2": {
    // The space before the line break is the harness's.
    description:
      "製品レビューをnegativeかpositiveのいずれかのセンチメントに分類してください。出力は小文字化してください。 \n\n",
    document: "製品レビュー:{sentence}\nセンチメント:",
    choices: [
      { label: "positive", text: "positive" },
      { label: "negative", text: "negative" }
    ]
  },
  "0.3": {
    description: instructionDescription,
    document: `### 指示:
以下の製品レビューを、ポジティブまたはネガティブの感情クラスのいずれかに分類してください。

### 入力:
{sentence}

### 応答:
`,
    choices: [
      { label: "positive", text: "ポジティブ" },
      { label: "negative", text: "ネガティブ" }
    ]
  }
} as const

/**
 * MARC-ja with a prompt of Stability-AI/lm-evaluation-harness (branch jp-stable), as of July to September 2023 (task
 * version 1.1), which the paper used.
 */
export const marcJa = (
  version: keyof typeof prompts,
  rows: { readonly documents: Table<MarcJaRow>; readonly examples: Table<MarcJaRow> }
): ChoiceTask => choiceTask({ name: `MARC-ja ${version}`, label: "label", ...prompts[version], ...rows })
