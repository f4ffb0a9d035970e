/** GPT-NeoX (Black et al., 2022), as transformers computes it: the architecture of OpenCALM and Pythia. */
import { add, layerNorm, reshape, split } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { activate } from "./activation.ts"
import type { Backbone, LinearModule, Parts, Tokens } from "./architecture.ts"
import type { GptNeoxConfig } from "./config.ts"
import { throughLayers } from "./layers.ts"
import { inFloat32, widened } from "./precision.ts"
import { rotate, rotationAt } from "./rotary.ts"

const embedding = "gpt_neox.embed_in.weight"
const layerPath = (layer: number): string => `gpt_neox.layers.${layer}`

const modulesOf = ({ hidden, intermediate, layers }: GptNeoxConfig): ReadonlyArray<LinearModule> =>
  Array.from({ length: layers }, (_, layer) => [
    { path: `${layerPath(layer)}.attention.query_key_value`, inputs: hidden, outputs: 3 * hidden },
    { path: `${layerPath(layer)}.attention.dense`, inputs: hidden, outputs: hidden },
    { path: `${layerPath(layer)}.mlp.dense_h_to_4h`, inputs: hidden, outputs: intermediate },
    { path: `${layerPath(layer)}.mlp.dense_4h_to_h`, inputs: intermediate, outputs: hidden }
  ]).flat()

const normsOf = ({ layers }: GptNeoxConfig): ReadonlyArray<string> => [
  ...Array.from({ length: layers }, (_, layer) => [
    `${layerPath(layer)}.input_layernorm`,
    `${layerPath(layer)}.post_attention_layernorm`
  ]).flat(),
  "gpt_neox.final_layer_norm"
]

const weightsOf = (config: GptNeoxConfig): ReadonlyMap<string, ReadonlyArray<number>> => {
  const { attentionBias, hidden, tiedEmbeddings, vocabulary } = config
  const weights = new Map<string, ReadonlyArray<number>>([[embedding, [vocabulary, hidden]]])
  for (const { inputs, outputs, path } of modulesOf(config)) {
    weights.set(`${path}.weight`, [outputs, inputs])
    if (attentionBias || path.includes(".mlp.")) weights.set(`${path}.bias`, [outputs])
  }
  for (const norm of normsOf(config)) weights.set(`${norm}.weight`, [hidden]).set(`${norm}.bias`, [hidden])
  if (!tiedEmbeddings) weights.set("embed_out.weight", [vocabulary, hidden])
  return weights
}

/** A GPT-NeoX model of these sizes. */
export const gptNeox = (config: GptNeoxConfig): Backbone => {
  const { heads, hidden, layerNormEpsilon, layers, parallelResidual, positions, rotarySize } = config
  const { rotaryBase: base, rotaryScaling: scaling } = config
  const size = hidden / heads

  const forward = ({ attend, embed, layer, linear, weight }: Parts, { ids, position }: Tokens) => {
    const [tokens] = ids.shape
    if (tokens === undefined) throw new Error("internal: token ids without an axis")
    const embedded = embed(ids)
    const rotation = rotationAt(position, { positions, size: rotarySize, base, scaling }, embedded.element)
    const norm = (path: string, x: Tensor): Tensor =>
      inFloat32(x, (x) =>
        layerNorm(x, widened(weight(`${path}.weight`)), widened(weight(`${path}.bias`)), layerNormEpsilon)
      )

    const attention = (layer: number, x: Tensor) => {
      const path = `${layerPath(layer)}.attention`
      // The fused output lies head by head: query, key and value of the first, then of the second, and so on.
      const fused = reshape(linear(`${path}.query_key_value`, x), [tokens, heads, 3 * size])
      const [query, key, value] = split(fused, 2, [size, size, size])
      if (query === undefined || key === undefined || value === undefined) throw new Error("internal: a split in three")
      const attended = attend(layer, rotate(query, rotation), rotate(key, rotation), value)
      return { ...attended, output: linear(`${path}.dense`, reshape(attended.output, [tokens, hidden])) }
    }

    const perceptron = (layer: number, x: Tensor): Tensor => {
      const path = `${layerPath(layer)}.mlp`
      return linear(`${path}.dense_4h_to_h`, activate[config.activation](linear(`${path}.dense_h_to_4h`, x)))
    }

    const block = (index: number) => (x: Tensor) => {
      const { key, output, value } = attention(index, norm(`${layerPath(index)}.input_layernorm`, x))
      const attended = add(output, x)
      const read = norm(`${layerPath(index)}.post_attention_layernorm`, parallelResidual ? x : attended)
      return { hidden: add(perceptron(index, read), attended), keyValue: { key, value } }
    }

    const { hidden: last, keyValues } = throughLayers(layer, layers, block, embedded)
    return { hidden: norm("gpt_neox.final_layer_norm", last), keyValues }
  }

  return {
    weights: weightsOf(config),
    modules: modulesOf(config),
    embedding,
    outputWeight: config.tiedEmbeddings ? embedding : "embed_out.weight",
    cache: { heads, size },
    forward
  }
}
