/** LLaMA (Touvron et al., 2023), as transformers computes it. */
import { add, mul, reshape, rmsNorm } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { recompute } from "../graph/recompute.ts"
import { activate } from "./activation.ts"
import type { Backbone, LinearModule, Parts, Tokens } from "./architecture.ts"
import type { LlamaConfig } from "./config.ts"
import { throughLayers } from "./layers.ts"
import { inFloat32, widened } from "./precision.ts"
import { rotate, rotationAt } from "./rotary.ts"

const embedding = "model.embed_tokens.weight"
const finalNorm = "model.norm"
const layerPath = (layer: number): string => `model.layers.${layer}`

const modulesOf = (config: LlamaConfig): ReadonlyArray<LinearModule> => {
  const { headSize, heads, hidden, intermediate, keyValueHeads, layers } = config
  return Array.from({ length: layers }, (_, layer) => {
    const attention = `${layerPath(layer)}.self_attn`
    const perceptron = `${layerPath(layer)}.mlp`
    return [
      { path: `${attention}.q_proj`, inputs: hidden, outputs: heads * headSize },
      { path: `${attention}.k_proj`, inputs: hidden, outputs: keyValueHeads * headSize },
      { path: `${attention}.v_proj`, inputs: hidden, outputs: keyValueHeads * headSize },
      { path: `${attention}.o_proj`, inputs: heads * headSize, outputs: hidden },
      { path: `${perceptron}.gate_proj`, inputs: hidden, outputs: intermediate },
      { path: `${perceptron}.up_proj`, inputs: hidden, outputs: intermediate },
      { path: `${perceptron}.down_proj`, inputs: intermediate, outputs: hidden }
    ]
  }).flat()
}

const weightsOf = (config: LlamaConfig): ReadonlyMap<string, ReadonlyArray<number>> => {
  const { attentionBias, hidden, layers, perceptronBias, tiedEmbeddings, vocabulary } = config
  const weights = new Map<string, ReadonlyArray<number>>([[embedding, [vocabulary, hidden]]])
  for (const { inputs, outputs, path } of modulesOf(config)) {
    weights.set(`${path}.weight`, [outputs, inputs])
    if (path.includes(".mlp.") ? perceptronBias : attentionBias) weights.set(`${path}.bias`, [outputs])
  }
  for (let layer = 0; layer < layers; layer++) {
    weights.set(`${layerPath(layer)}.input_layernorm.weight`, [hidden])
    weights.set(`${layerPath(layer)}.post_attention_layernorm.weight`, [hidden])
  }
  weights.set(`${finalNorm}.weight`, [hidden])
  if (!tiedEmbeddings) weights.set("lm_head.weight", [vocabulary, hidden])
  return weights
}

/** A LLaMA model of these sizes. */
export const llama = (config: LlamaConfig): Backbone => {
  const { headSize, heads, keyValueHeads, layers, normEpsilon, positions } = config
  const { rotaryBase: base, rotaryScaling: scaling } = config

  const forward = ({ attend, embed, layer, linear, linears, weight }: Parts, { ids, position }: Tokens) => {
    const [tokens] = ids.shape
    if (tokens === undefined) throw new Error("internal: token ids without an axis")
    const embedded = embed(ids)
    const rotation = rotationAt(position, { positions, size: headSize, base, scaling }, embedded.element)
    const norm = (path: string, x: Tensor): Tensor =>
      inFloat32(x, (x) => rmsNorm(x, widened(weight(`${path}.weight`)), normEpsilon))

    const attention = (layer: number, x: Tensor) => {
      const path = `${layerPath(layer)}.self_attn`
      const projected = linears([`${path}.q_proj`, `${path}.k_proj`, `${path}.v_proj`], x)
      const [query, key, value] = projected.map((x) => reshape(x, [tokens, Number(x.shape[1]) / headSize, headSize]))
      if (query === undefined || key === undefined || value === undefined) throw new Error("internal: three layers")
      const attended = attend(layer, rotate(query, rotation), rotate(key, rotation), value)
      return { ...attended, output: linear(`${path}.o_proj`, reshape(attended.output, [tokens, heads * headSize])) }
    }

    const perceptron = (layer: number, x: Tensor): Tensor => {
      const path = `${layerPath(layer)}.mlp`
      const [gate, up] = linears([`${path}.gate_proj`, `${path}.up_proj`], x)
      if (gate === undefined || up === undefined) throw new Error("internal: two layers")
      // Of four tensors as large as the widest layer, the two that products gave are kept for the gradient.
      const gated = recompute((gate) => mul(activate[config.activation](gate), up), gate)
      return linear(`${path}.down_proj`, gated)
    }

    const block = (index: number) => (x: Tensor) => {
      const { key, output, value } = attention(index, norm(`${layerPath(index)}.input_layernorm`, x))
      const attended = add(output, x)
      const read = norm(`${layerPath(index)}.post_attention_layernorm`, attended)
      return { hidden: add(perceptron(index, read), attended), keyValue: { key, value } }
    }

    const { hidden: last, keyValues } = throughLayers(layer, layers, block, embedded)
    return { hidden: norm(finalNorm, last), keyValues }
  }

  return {
    weights: weightsOf(config),
    modules: modulesOf(config),
    embedding,
    outputWeight: config.tiedEmbeddings ? embedding : "lm_head.weight",
    cache: { heads: keyValueHeads, size: headSize },
    forward
  }
}
