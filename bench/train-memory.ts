/** The most memory that LoRA steps take, with activations kept and with all layers computed a second time. */
import { benchmark, type Goal } from "./harness/Benchmark.ts"
import { compareMemory } from "./training/compare.ts"
import { equalRows, llamaRows, mixedRows } from "./training/work.ts"

const half = { of: "ratio", bound: "at most", value: 0.5 } as const
const third = { of: "ratio", bound: "at most", value: 0.35 } as const
const below = <First extends Goal>(first: First, value: number) => ({ ...first, value, raisedFrom: first.value })
const kept = { recomputation: "none" } as const
const recomputed = { recomputation: "layers" } as const

export default benchmark({
  name: "train-memory",
  work:
    "the steps of train-mixed and train-equal, and those of a LLaMA 30 x 576, V = 49,152, r = 4 on q_proj and v_proj, " +
    "4 rows of 256 tokens",
  peer: "PEFT + torch",
  quick: false,
  goals: {
    mixed: below(half, 0.3),
    "mixed, layers recomputed": below(third, 0.25),
    equal: below(half, 0.45),
    "equal, layers recomputed": third,
    LLaMA: below(half, 0.4),
    "LLaMA, layers recomputed": below(third, 0.32)
  },
  run: async (tools) => {
    const [mixed, mixedAgain] = await compareMemory(tools, mixedRows, kept, recomputed)
    const [equal, equalAgain] = await compareMemory(tools, equalRows, kept, recomputed)
    const [llama, llamaAgain] = await compareMemory(tools, llamaRows, kept, recomputed)
    return {
      mixed,
      "mixed, layers recomputed": mixedAgain,
      equal,
      "equal, layers recomputed": equalAgain,
      LLaMA: llama,
      "LLaMA, layers recomputed": llamaAgain
    }
  }
})
