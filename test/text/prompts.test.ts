/** The paper's prompts render to the exact texts that its models were tuned and measured on. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Prompt, prompt, renderPrompt } from "../../src/text/Prompt.ts"
import { alpacaPrompt, alpacaQuestionPrompt, calmPrompt, calmQuestionPrompt } from "../../src/text/prompts.ts"

const row = { instruction: "要約せよ。", input: "長い文", output: "短い文" }
const rowWithoutInput = { ...row, input: "" }

describe("prompts", () => {
  it("calmPrompt", () => {
    assert.deepStrictEqual(renderPrompt(calmPrompt, row), {
      prompt: `以下はタスクを説明する指示とさらなる文脈を適用する入力の組み合わせです。要求を適切に満たすような返答を書いてください。

### 指示:
要約せよ。

### 入力:
長い文

### 返答:
`,
      response: "短い文"
    })
    assert.deepStrictEqual(renderPrompt(calmPrompt, rowWithoutInput), {
      prompt: `以下はタスクを説明する指示です。要求を適切に満たすような返答を書いてください。

### 指示:
要約せよ。

### 返答:
`,
      response: "短い文"
    })
  })

  it("alpacaPrompt", () => {
    assert.strictEqual(
      renderPrompt(alpacaPrompt, row).prompt,
      `Below is an instruction that describes a task, paired with an input that provides further context. ${"Write a response that appropriately completes the request."}

### Instruction:
要約せよ。

### Input:
長い文

### Response:
`
    )
    assert.strictEqual(
      renderPrompt(alpacaPrompt, rowWithoutInput).prompt,
      `Below is an instruction that describes a task. Write a response that appropriately completes the request.

### Instruction:
要約せよ。

### Response:
`
    )
  })

  it("question prompts", () => {
    const asked = { question: "何色ですか？", answer: "赤" }
    assert.deepStrictEqual(renderPrompt(calmQuestionPrompt, asked), {
      prompt: "以下の質問に答える返答を書いてください。\n\n### 質問:\n何色ですか？\n\n### 返答:\n",
      response: "赤"
    })
    assert.deepStrictEqual(renderPrompt(alpacaQuestionPrompt, asked), {
      prompt: "Write a response to answer the following question.\n\n### Question:\n何色ですか？\n\n### Response:\n",
      response: "赤"
    })
  })

  it("asks for every column that any of its forms reads", () => {
    const strange = prompt({ prompt: "{a}", whenEmpty: { column: "b", prompt: "{c}" }, response: "{d}" })
    const columns: Prompt<"a" | "b" | "c" | "d"> = strange
    // @ts-expect-error: the response reads "d" as well
    const tooFew: Prompt<"a" | "b" | "c"> = strange
    assert.strictEqual<unknown>(tooFew, columns)
    // @ts-expect-error: a row without "input"
    renderPrompt(calmPrompt, { instruction: "", output: "" })
  })

  it.effect("are data in a config", () =>
    Effect.gen(function* () {
      for (const value of [calmPrompt, alpacaPrompt, calmQuestionPrompt, alpacaQuestionPrompt]) {
        const encoded = yield* Schema.encodeEffect(Prompt)(value)
        const throughJson: unknown = JSON.parse(JSON.stringify(encoded))
        assert.deepStrictEqual(throughJson, encoded)
        assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(Prompt)(throughJson), value)
      }
      assert.deepStrictEqual(yield* Schema.encodeEffect(Prompt)(calmQuestionPrompt), {
        prompt: "以下の質問に答える返答を書いてください。\n\n### 質問:\n{question}\n\n### 返答:\n",
        whenEmpty: null,
        response: "{answer}"
      })
    })
  )
})
