/** The graphs of generation: prompts, one token more, and leaving out rows that have ended. */
import { gather, input, linear } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { serialize, type Serialized } from "../graph/serialize.ts"
import { cachedAttention, packedAttention } from "./attention.ts"
import { cacheInputs, cacheOutputs } from "./cache.ts"
import { hiddenStates, type Model } from "./Model.ts"
import { packingInputs } from "./packing.ts"

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
  const attend = cachedAttention(cacheInputs(model, "sequences", "past"), segment, model.backbone.cache.size)
  const { hidden, keyValues } = hiddenStates(model, tokens, attend)
  return serialize({ name: "next token", outputs: { logits: logitsOf(model, hidden), ...cacheOutputs(keyValues) } })
}

/** The cache of the sequences `rows` [kept]. */
export const selectionGraph = (model: Model): Serialized => {
  const rows = input("rows", "int32", ["kept"])
  const kept = cacheInputs(model, "sequences", "past").map(({ key, value }) => ({
    key: gather(key, rows),
    value: gather(value, rows)
  }))
  return serialize({ name: "selection of sequences", outputs: cacheOutputs(kept) })
}
