/** The graphs of generation: prompts, one token more, and leaving out rows that have ended. */
import { gather, input, linear } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { serialize, type Serialized } from "../graph/serialize.ts"
import type { Dimension } from "../graph/Tensor.ts"
import { cachedAttention, type KeyValue, packedAttention } from "./attention.ts"
import { hiddenStates, type Model } from "./Model.ts"
import { packingInputs } from "./packing.ts"

const keyName = (layer: number): string => `key.${layer}`
const valueName = (layer: number): string => `value.${layer}`

/** The registers of the cache, which are also the names of the inputs that read it. */
export const cacheRegisters = ({ config }: Model): ReadonlyArray<string> =>
  Array.from({ length: config.layers }, (_, layer) => [keyName(layer), valueName(layer)]).flat()

/** What an output that renews a register of the cache is called. */
export const renewedCache = (register: string): string => `renewed ${register}`

/** Keys and values of every layer, [sequences, heads, past, size]. */
const cacheInputs = (
  {
    backbone: {
      cache: { heads, size }
    },
    config
  }: Model,
  past: Dimension
): ReadonlyArray<KeyValue> => {
  const shape = ["sequences", heads, past, size]
  return Array.from({ length: config.layers }, (_, layer) => ({
    key: input(keyName(layer), "float32", shape),
    value: input(valueName(layer), "float32", shape)
  }))
}

const cacheOutputs = (keyValues: ReadonlyArray<KeyValue>): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    keyValues.flatMap(({ key, value }, layer) => [
      [renewedCache(keyName(layer)), key],
      [renewedCache(valueName(layer)), value]
    ])
  )

const logitsOf = ({ backbone, weight }: Model, hidden: Tensor): Tensor => linear(hidden, weight(backbone.outputWeight))

/**
 * Values of `packingFeeds` and `last` [sequences], each prompt's last token, in; `logits` [sequences, vocabulary] and
 * cache out.
 */
export const promptGraph = (model: Model): Serialized => {
  const inputs = packingInputs()
  const { hidden, keyValues } = hiddenStates(model, inputs, packedAttention(inputs, model.backbone.cache.size))
  const logits = logitsOf(model, gather(hidden, input("last", "int32", ["sequences"])))
  return serialize({ name: "prompts", outputs: { logits, ...cacheOutputs(keyValues) } })
}

/**
 * One token a sequence: `ids` and `position` [sequences], and `segment` [sequences, past+1], -1 where the cache holds
 * no token; `logits` and the longer cache out.
 */
export const nextTokenGraph = (model: Model): Serialized => {
  const tokens = { ids: input("ids", "int32", ["sequences"]), position: input("position", "int32", ["sequences"]) }
  const segment = input("segment", "int32", ["sequences", "past+1"])
  const attend = cachedAttention(cacheInputs(model, "past"), segment, model.backbone.cache.size)
  const { hidden, keyValues } = hiddenStates(model, tokens, attend)
  return serialize({ name: "next token", outputs: { logits: logitsOf(model, hidden), ...cacheOutputs(keyValues) } })
}

/** The cache of the sequences `rows` [kept]. */
export const selectionGraph = (model: Model): Serialized => {
  const rows = input("rows", "int32", ["kept"])
  const kept = cacheInputs(model, "past").map(({ key, value }) => ({
    key: gather(key, rows),
    value: gather(value, rows)
  }))
  return serialize({ name: "selection of sequences", outputs: cacheOutputs(kept) })
}
