/** The files of an adapter for the golden base `parallel`, of which PEFT has said what it computes. */
import { adapterFiles } from "../../src/model/adapter.ts"
import { type AdapterTensors, factorShapes, type LoraOptions } from "../../src/model/lora.ts"
import { hash, hashText, uniform } from "../../src/model/random.ts"

const lora: LoraOptions = {
  rank: 4,
  alpha: 3,
  dropout: 0.05,
  targets: ["query_key_value", "dense"],
  rankStabilized: true
}

const modules = [0, 1].flatMap((layer) => [
  { path: `gpt_neox.layers.${layer}.attention.query_key_value`, inputs: 32, outputs: 96 },
  { path: `gpt_neox.layers.${layer}.attention.dense`, inputs: 32, outputs: 32 }
])

const tensors: AdapterTensors = new Map(
  [...factorShapes(modules, lora.rank)].map(([name, [rows, columns]]) => {
    const key = hash(1, hashText(name))
    const data = Float32Array.from({ length: rows * columns }, (_, index) => uniform(key, index) - 0.5)
    return [name, { shape: [rows, columns], data }]
  })
)

export const writtenAdapter = adapterFiles(lora, tensors, "tiny/parallel")
