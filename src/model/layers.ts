/** The way through a model's layers, one after the other. */
import type { Tensor } from "../graph/Operator.ts"
import type { ApplyLayer, LayerResult } from "./architecture.ts"
import type { KeyValue } from "./attention.ts"

/**
 * Hidden states after the last layer, [tokens, hidden], from those before the first, and what each layer leaves for a
 * cache. `layer` has each of them compute.
 */
export const throughLayers = (
  layer: ApplyLayer,
  count: number,
  block: (index: number) => (x: Tensor) => LayerResult,
  embedded: Tensor
): { readonly hidden: Tensor; readonly keyValues: ReadonlyArray<KeyValue> } => {
  let hidden = embedded
  const keyValues: Array<KeyValue> = []
  for (let index = 0; index < count; index++) {
    const result = layer(block(index), hidden)
    hidden = result.hidden
    keyValues.push(result.keyValue)
  }
  return { hidden, keyValues }
}
