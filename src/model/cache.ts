/** Keys and values kept where the model runs: the registers that hold them, and the symbols that read and renew them. */
import { input } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import type { Dimension } from "../graph/Tensor.ts"
import { type KeyValue, turned } from "./attention.ts"
import type { HostTensor } from "../runtime/OnnxRuntime.ts"
import type { Model } from "./Model.ts"
import { float32 } from "./packing.ts"

const keyName = (layer: number): string => `key.${layer}`
const valueName = (layer: number): string => `value.${layer}`

/** The registers of the cache, which are also the names of the inputs that read it. */
export const cacheRegisters = ({ config }: Model): ReadonlyArray<string> =>
  Array.from({ length: config.layers }, (_, layer) => [keyName(layer), valueName(layer)]).flat()

/** What an output that renews a register of the cache is called. */
export const renewedCache = (register: string): string => `renewed ${register}`

/**
 * Keys and values of every layer, [sequences, heads, tokens, size]. Keys are kept turned, so that no token has them
 * turned again.
 */
export const cacheInputs = (
  {
    backbone: {
      cache: { heads, size }
    },
    config
  }: Model,
  sequences: Dimension,
  tokens: Dimension
): ReadonlyArray<KeyValue> => {
  return Array.from({ length: config.layers }, (_, layer) => ({
    key: turned(input(keyName(layer), "float32", [sequences, heads, size, tokens])),
    value: input(valueName(layer), "float32", [sequences, heads, tokens, size])
  }))
}

export const cacheOutputs = (keyValues: ReadonlyArray<KeyValue>): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    keyValues.flatMap(({ key, value }, layer) => [
      [renewedCache(keyName(layer)), turned(key)],
      [renewedCache(valueName(layer)), value]
    ])
  )

/** A cache of so many sequences and no token. */
export const emptyCache = (
  {
    backbone: {
      cache: { heads, size }
    },
    config: { layers }
  }: Model,
  sequences: number
): Readonly<Record<string, HostTensor>> =>
  Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => [
      [keyName(layer), float32([sequences, heads, size, 0], new Float32Array())],
      [valueName(layer), float32([sequences, heads, 0, size], new Float32Array())]
    ]).flat()
  )
