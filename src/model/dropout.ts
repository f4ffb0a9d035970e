/** Dropout whose mask is a hash of where it is used, the same however rows are grouped into batches. */
import { add, cast, constant, less, mul, unsqueeze, where } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { hash, hashText } from "./random.ts"

/** The key of one token: what tells it from every other token of a training, whichever batch it is in. */
export const dropoutKey = (seed: number, step: number, row: number, position: number): number =>
  hash(seed, step, row, position)

/** What makes a hash function for every feature of one layer's input. */
const featureHashes = (layer: string, features: number): { readonly factor: Tensor; readonly offset: Tensor } => {
  const key = hashText(layer)
  const each = (value: (feature: number) => number) =>
    constant(
      "uint32",
      [features],
      Uint32Array.from({ length: features }, (_, feature) => value(feature))
    )
  return { factor: each((feature) => hash(key, feature, 0) | 1), offset: each((feature) => hash(key, feature, 1)) }
}

/**
 * Sets elements of x [tokens, features] to zero with probability `rate` and scales the others by 1 / (1 - rate).
 * `keys`, uint32 [tokens], come from `dropoutKey`; `layer` names the use. The high bits of factor × key + offset,
 * modulo 2^32, decide: pairwise independent hashing (Dietzfelbinger, 1996). Hashes that shift and mix bits need
 * operators that graphics devices leave to the CPU, and each of those sends the whole mask there and back.
 */
export const dropout = (
  x: Tensor,
  { keys, layer, rate }: { readonly rate: number; readonly layer: string; readonly keys: Tensor }
): Tensor => {
  const features = x.shape[1]
  if (typeof features !== "number") throw new Error("internal: dropout of a named number of features")
  if (rate === 0) return x
  const { factor, offset } = featureHashes(layer, features)
  const draw = cast(add(mul(unsqueeze(keys, 1), factor), offset), "int32")
  // Read as signed, 2^32 equally likely values start at -2^31.
  const dropped = less(draw, Math.floor(rate * 2 ** 32) - 2 ** 31)
  return mul(x, where(dropped, 0, 1 / (1 - rate)))
}
