/** LoRA steps over rows of the lengths that instruction data has. */
import { benchmark } from "./harness/Benchmark.ts"
import { compareSpeed } from "./training/compare.ts"
import { mixedRows } from "./training/work.ts"

export default benchmark({
  name: "train-mixed",
  work:
    "LoRA r = 4 on query_key_value of GPT-NeoX 12 x 768, V = 50,304, float32, dropout 0.05: steps of 16 rows of 24 to " +
    "256 tokens (log-normal, median 67); the peer pads micro-batches of 8",
  peer: "PEFT + torch",
  quick: false,
  goals: { steps: { of: "ratio", bound: "at least", value: 2.5 } },
  run: async (tools) => ({ steps: await compareSpeed(tools, mixedRows, 3) })
})
