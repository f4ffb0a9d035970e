/** LoRA steps over rows of one length, where padding plays no part. */
import { benchmark } from "./harness/Benchmark.ts"
import { compareSpeed } from "./training/compare.ts"
import { equalRows } from "./training/work.ts"

export default benchmark({
  name: "train-equal",
  work: "LoRA r = 4 on query_key_value of GPT-NeoX 12 x 768, V = 50,304, float32, dropout 0.05: steps of 4 rows of 256 tokens",
  peer: "PEFT + torch",
  quick: true,
  goals: { steps: { of: "ratio", bound: "at least", value: 1.4 } },
  run: async (tools) => ({ steps: await compareSpeed(tools, equalRows, 2) })
})
