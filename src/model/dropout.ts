/** Dropout whose mask is a hash of where it is used, the same however rows are grouped into batches. */
import { bitwiseXor, cast, constant, less, mul, shiftRight, unsqueeze, where } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { hash, hashText } from "./random.ts"

/** The key of one token: what tells it from every other token of a training, whichever batch it is in. */
export const dropoutKey = (seed: number, step: number, row: number, position: number): number =>
  hash(seed, step, row, position)

/** A key for every feature of one layer's input. */
const featureKeys = (layer: string, features: number): Tensor => {
  const key = hashText(layer)
  return constant("uint32", [features], Uint32Array.from({ length: features }, (_, feature) => hash(key, feature)))
}

/**
 * Sets elements of x [tokens, features] to zero with probability `rate` and scales the others by 1 / (1 - rate).
 * `keys`, uint32 [tokens], come from `dropoutKey`; `layer` names the use. The two keys are mixed as MurmurHash3 ends;
 * its last step changes only low bits, and the decision is made on the high 24.
 */
export const dropout = (
  x: Tensor,
  { keys, layer, rate }: { readonly rate: number; readonly layer: string; readonly keys: Tensor }
): Tensor => {
  const features = x.shape[1]
  if (typeof features !== "number") throw new Error("internal: dropout of a named number of features")
  if (rate === 0) return x
  const key = bitwiseXor(unsqueeze(keys, 1), featureKeys(layer, features))
  const once = mul(bitwiseXor(key, shiftRight(key, 16)), 0x85ebca6b)
  const twice = mul(bitwiseXor(once, shiftRight(once, 13)), 0xc2b2ae35)
  const draw = cast(shiftRight(twice, 8), "int32")
  const dropped = less(draw, Math.round(rate * 0x1000000))
  return mul(x, where(dropped, 0, 1 / (1 - rate)))
}
