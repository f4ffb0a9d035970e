/** The graphs of generation: tokens after what the cache holds, and the choice of rows of the cache. */
import { argMax, cast, gather, input, linear } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { serialize, type Serialized } from "../graph/serialize.ts"
import { packedAttention, turned } from "./attention.ts"
import { cacheInputs, cacheOutputs } from "./cache.ts"
import { hiddenStates, type Model } from "./Model.ts"
import { packingInputs } from "./packing.ts"

/** What comes of the logits of a sequence's last token: themselves, or the likeliest token. */
export type Wanted = "logits" | "likeliest"

const wantedOf: { readonly [W in Wanted]: (logits: Tensor) => Tensor } = {
  logits: (logits) => logits,
  likeliest: (logits) => cast(argMax(logits), "int32")
}

/**
 * Tokens of sequences, any number each: values of `packingFeeds`, `past segment` [sequences, past], -1 where the cache holds
 * no token, and `last` [sequences], the last token of each, in; `logits` [sequences, vocabulary] or `likeliest`
 * [sequences], and the longer cache, out. One graph reads prompts and writes on, so that weights are held once.
 */
export const writingGraph = (model: Model, wanted: Wanted): Serialized => {
  const { backbone, joined, weight } = model
  const inputs = packingInputs()
  const past = {
    keyValues: cacheInputs(model, "sequences", "past"),
    segment: input("past segment", "int32", ["sequences", "past"])
  }
  const attend = packedAttention(inputs, backbone.cache.size, past)
  const { hidden, keyValues } = hiddenStates(model, inputs, attend, { linears: joined })
  const logits = linear(gather(hidden, input("last", "int32", ["sequences"])), weight(backbone.outputWeight))
  return serialize({ name: "writing", outputs: { [wanted]: wantedOf[wanted](logits), ...cacheOutputs(keyValues) } })
}

/** The cache of the sequences `rows` [kept], which may name one several times. */
export const selectionGraph = (model: Model): Serialized => {
  const rows = input("rows", "int32", ["kept"])
  const kept = cacheInputs(model, "sequences", "past").map(({ key, value }) => ({
    key: turned(gather(turned(key), rows)),
    value: gather(value, rows)
  }))
  return serialize({ name: "selection of sequences", outputs: cacheOutputs(kept) })
}
