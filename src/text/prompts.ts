/** The prompts of Suzuki, Hirano and Sakaji (2023): for tuning and for questions, in Japanese and in English. */
import { prompt } from "./Prompt.ts"

/** Tuning OpenCALM: instruction, optional input, response. */
export const calmPrompt = prompt({
  prompt: `以下はタスクを説明する指示とさらなる文脈を適用する入力の組み合わせです。要求を適切に満たすような返答を書いてください。

### 指示:
{instruction}

### 入力:
{input}

### 返答:
`,
  whenEmpty: {
    column: "input",
    prompt: `以下はタスクを説明する指示です。要求を適切に満たすような返答を書いてください。

### 指示:
{instruction}

### 返答:
`
  },
  response: "{output}"
})

const alpacaTask = "Below is an instruction that describes a task"
const alpacaContext = "paired with an input that provides further context"
const alpacaRequest = "Write a response that appropriately completes the request"

/** Tuning LLaMA: the Alpaca prompt, https://github.com/tatsu-lab/stanford_alpaca. */
export const alpacaPrompt = prompt({
  prompt: `${alpacaTask}, ${alpacaContext}. ${alpacaRequest}.

### Instruction:
{instruction}

### Input:
{input}

### Response:
`,
  whenEmpty: {
    column: "input",
    prompt: `${alpacaTask}. ${alpacaRequest}.

### Instruction:
{instruction}

### Response:
`
  },
  response: "{output}"
})

/** Perplexity of answers (section 3.1), models based on OpenCALM. */
export const calmQuestionPrompt = prompt({
  prompt: `以下の質問に答える返答を書いてください。

### 質問:
{question}

### 返答:
`,
  response: "{answer}"
})

/** Perplexity of answers (section 3.1), models based on LLaMA. */
export const alpacaQuestionPrompt = prompt({
  prompt: `Write a response to answer the following question.

### Question:
{question}

### Response:
`,
  response: "{answer}"
})
