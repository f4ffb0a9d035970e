/** Greedy generation from one prompt and from eight at once, against transformers. */
import * as Schema from "effect/Schema"
import { benchmark, type Comparison } from "./harness/Benchmark.ts"
import type { Tools } from "./harness/tools.ts"
import { openQuestions } from "./measuring/texts.ts"
import { firstReport, measuredModel, speedOf, textsFile, weightBytes } from "./measuring/work.ts"

const maxTokens = 64
const repetitions = 2

const Report = Schema.Struct({ seconds: Schema.Finite, answers: Schema.Array(Schema.Array(Schema.Int)) })
const Limit = Schema.Struct({ gigabytes: Schema.Finite })

/** That both sides write the same tokens. Throws if they do not. */
const proof = (ours: ReadonlyArray<ReadonlyArray<number>>, theirs: ReadonlyArray<ReadonlyArray<number>>): string => {
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) throw new Error("both sides write different tokens")
  return `the same ${ours.flat().length} tokens`
}

const compare = async (tools: Tools, prompts: number): Promise<Comparison> => {
  const model = await measuredModel(tools)
  const file = textsFile(tools, `prompts-${prompts}`, openQuestions(8).slice(0, prompts))
  const runs = await tools.alternately(
    {
      tanren: tools.node("tanren/generate.ts", { model, file, batch: prompts, maxTokens }),
      peer: tools.python("peers/generate.py", { model, prompts: file, batchSize: prompts, maxTokens })
    },
    repetitions,
    Report
  )
  const { limit } = await tools.alternately({ limit: tools.node("tanren/memory.ts", {}) }, 2, Limit)
  const { answers } = firstReport(runs.tanren)
  const written = answers.flat().length
  const tanren = speedOf(runs.tanren, written)
  return {
    unit: "tokens/s",
    tanren,
    peer: speedOf(runs.peer, written),
    share: {
      of: "reading memory",
      value: ((tanren.value / prompts) * weightBytes) / 1e9,
      limit: Math.max(...limit.map(({ report }) => report.gigabytes)),
      unit: "GB/s"
    },
    method: `median of ${repetitions}`,
    proof: proof(answers, firstReport(runs.peer).answers)
  }
}

export default benchmark({
  name: "generate",
  work: "64 tokens after prompts of about 80 tokens, always the likeliest, by a LLaMA 30 x 576, V = 49,152, float32",
  peer: "transformers generate",
  quick: true,
  goals: {
    "one prompt": { of: "ratio", bound: "at least", value: 2.5 },
    "eight prompts": { of: "ratio", bound: "at least", value: 2 }
  },
  run: async (tools) => ({ "one prompt": await compare(tools, 1), "eight prompts": await compare(tools, 8) })
})
