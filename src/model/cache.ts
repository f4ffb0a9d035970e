/** Keys and values kept where the model runs: the registers that hold them, and the symbols that read and renew them. */
import { input } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import type { Dimension } from "../graph/Tensor.ts"
import type { KeyValue } from "./attention.ts"
import type { Model } from "./Model.ts"

const keyName = (layer: number): string => `key.${layer}`
const valueName = (layer: number): string => `value.${layer}`

/** The registers of the cache, which are also the names of the inputs that read it. */
export const cacheRegisters = ({ config }: Model): ReadonlyArray<string> =>
  Array.from({ length: config.layers }, (_, layer) => [keyName(layer), valueName(layer)]).flat()

/** What an output that renews a register of the cache is called. */
export const renewedCache = (register: string): string => `renewed ${register}`

/** Keys and values of every layer, [sequences, heads, tokens, size]. */
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
  const shape = [sequences, heads, tokens, size]
  return Array.from({ length: config.layers }, (_, layer) => ({
    key: input(keyName(layer), "float32", shape),
    value: input(valueName(layer), "float32", shape)
  }))
}

export const cacheOutputs = (keyValues: ReadonlyArray<KeyValue>): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    keyValues.flatMap(({ key, value }, layer) => [
      [renewedCache(keyName(layer)), key],
      [renewedCache(valueName(layer)), value]
    ])
  )
