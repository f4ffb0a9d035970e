/**
 * The paper from scratch: three tunings, Table 2, and the free answers.
 *
 *     tanren plan pipelines/paper/tuned.ts
 *     tanren run pipelines/paper/tuned.ts --device cuda
 */
import { paperExperiment } from "./experiment.ts"
import { heldOut, llama13bSettings, llama7bSettings, stormySettings } from "./settings.ts"
import { bases, evaluationFrom, instructions, places } from "./sources.ts"
import { asPublished } from "./table2.ts"
import { tuneAll } from "./tuning.ts"

const tuned = tuneAll(bases, instructions, {
  heldOut,
  stormyRows: "all",
  stormy: stormySettings,
  llama7b: llama7bSettings,
  llama13b: llama13bSettings
})

export default paperExperiment("paper", {
  title: "LoRA Tuning Conversational Japanese Large Language Models using Japanese Instruction Dataset",
  notes: ["Tuned from scratch. Accuracies are of the likeliest choice; perplexity weighs question-answer pairs alike."],
  bases,
  tuned: {
    ...tuned,
    lengths: {
      stormy: stormySettings.maxLength,
      llama7b: llama7bSettings.maxLength,
      llama13b: llama13bSettings.maxLength
    },
    logs: {
      "stormy (Instruct CALM)": tuned.stormy.log,
      "Instruct LLaMA 7B": tuned.llama7b.log,
      "Instruct LLaMA 13B": tuned.llama13b.log
    }
  },
  evaluation: evaluationFrom(places),
  scale: { limit: null, maxTokens: null },
  expect: asPublished,
  published: true
})
