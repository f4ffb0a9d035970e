/** The same computation of other tensors. */
import { applyAll } from "./build.ts"
import type { Tensor } from "./Operator.ts"
import { inputsOf, topological } from "./order.ts"

/**
 * `result` as it would be if it had been made of each key's value instead of the key. What no key leads to is not built
 * again but used as it is. A value must have the type of its key.
 */
export const substitute = (result: Tensor, replacements: ReadonlyMap<Tensor, Tensor>): Tensor => {
  const renewed = new Map(replacements)
  for (const tensor of topological([result], (tensor) => (replacements.has(tensor) ? [] : inputsOf(tensor)))) {
    const { producer } = tensor
    if (producer.kind !== "operator" || renewed.has(tensor)) continue
    const inputs = producer.inputs.map((input) => renewed.get(input) ?? input)
    if (inputs.every((input, index) => input === producer.inputs[index])) continue
    const outputs = applyAll(producer.operator, ...inputs)
    producer.outputs.forEach((output, index) => {
      if (!renewed.has(output)) renewed.set(output, outputs[index] ?? output)
    })
  }
  return renewed.get(result) ?? result
}
