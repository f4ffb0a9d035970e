/**
 * The paper with its published adapters in place of the tuning: Table 2 and the free answers.
 *
 *     tanren run pipelines/paper/adapters.ts --device cuda
 */
import { model } from "tanren"
import { paperExperiment } from "./experiment.ts"
import { llama13bSettings, llama7bSettings, stormySettings } from "./settings.ts"
import { bases, evaluationFrom, places } from "./sources.ts"
import { asPublished } from "./table2.ts"

const adapter = (id: string) => ({ id, revision: "main" })

export default paperExperiment("paper-adapters", {
  title: "LoRA Tuning Conversational Japanese Large Language Models using Japanese Instruction Dataset",
  notes: ["With the adapters that the authors published."],
  bases,
  tuned: {
    stormy: model.adapted(bases.calm, adapter("izumi-lab/stormy-7b-10ep")),
    llama7b: model.adapted(bases.llama7b, adapter("izumi-lab/llama-7b-japanese-lora-v0-5ep")),
    llama13b: model.adapted(bases.llama13b, adapter("izumi-lab/llama-13b-japanese-lora-v0-1ep")),
    lengths: {
      stormy: stormySettings.maxLength,
      llama7b: llama7bSettings.maxLength,
      llama13b: llama13bSettings.maxLength
    },
    logs: {}
  },
  evaluation: evaluationFrom(places),
  scale: { limit: null, maxTokens: null },
  expect: asPublished,
  published: true
})
