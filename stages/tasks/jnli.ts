/** JNLI of JGLUE as a choice task: whether a hypothesis follows from a premise, asked as the harness asks it. */
import type { Table } from "../../src/pipeline/Artifact.ts"
import { type Choice, type ChoiceTask, choiceTask } from "../choiceTask.ts"
import { instructionDescription } from "./instruction.ts"

/** A pair of sentences; `label` is entailment, contradiction or neutral. */
export interface JnliRow {
  readonly sentence1: string
  readonly sentence2: string
  readonly label: string
}

const english = [
  { label: "entailment", text: "entailment" },
  { label: "contradiction", text: "contradiction" },
  { label: "neutral", text: "neutral" }
] as const

const japanese = [
  { label: "entailment", text: "含意" },
  { label: "contradiction", text: "矛盾" },
  { label: "neutral", text: "中立" }
] as const

/** The constraints of prompt 0.2, which name the answers. */
const constraints = ([entailment, contradiction, neutral]: readonly [Choice, Choice, Choice]): string =>
  `前提と仮説の関係を${entailment.text}、${contradiction.text}、${neutral.text}の中から回答してください。

制約:
- 前提から仮説が、論理的知識や常識的知識を用いて導出可能である場合は${entailment.text}と出力
- 前提と仮説が両立しえない場合は${contradiction.text}と出力
- そのいずれでもない場合は${neutral.text}と出力

`

const pair = "前提:{sentence1}\n仮説:{sentence2}\n関係:"

const prompts = {
  "0.2": { description: constraints(english), document: pair, choices: english },
  "0.3": {
    description: instructionDescription,
    document: `### 指示:
与えられた前提と仮説の関係を回答してください。

出力は以下から選択してください：
entailment
contradiction
neutral

### 入力:
前提：{sentence1}
仮説：{sentence2}

### 応答:
`,
    choices: english
  },
  "1.3-0.2": { description: constraints(japanese), document: pair, choices: japanese },
  "1.3-0.3": {
    description: instructionDescription,
    document: `### 指示:
与えられた前提と仮説の関係を回答してください。

出力は以下から選択してください：
含意
矛盾
中立

### 入力:
前提：{sentence1}
仮説：{sentence2}

### 応答:
`,
    choices: japanese
  }
} as const

/**
 * JNLI with a prompt of Stability-AI/lm-evaluation-harness (branch jp-stable): "0.2" and "0.3" as of July to September
 * 2023 (task version 1.1), which the paper used; "1.3-0.2" and "1.3-0.3" have the Japanese labels of task version 1.3,
 * which goes with `sampling: "stratified"`.
 */
export const jnli = (
  version: keyof typeof prompts,
  rows: { readonly documents: Table<JnliRow>; readonly examples: Table<JnliRow> }
): ChoiceTask => choiceTask({ name: `JNLI ${version}`, label: "label", ...prompts[version], ...rows })
