/** Reverse-mode differentiation of a scalar: a walk over its graph, from the result back to what it was made of. */
import { add, scalar, zeros } from "./build.ts"
import { ElementMismatch, ShapeMismatch } from "./Errors.ts"
import { inputGradients, type PullBack } from "./gradients.ts"
import { isFloat } from "./inference.ts"
import type { OperatorName, Tensor } from "./Operator.ts"
import { topological } from "./order.ts"
import { show } from "./shapes.ts"

/** The inputs that an operator may be differentiated by; the others it reads, or has for its gradient alone. */
const differentiated = (name: OperatorName, inputs: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  switch (name) {
    case "StopGradient":
      return []
    case "KnownGradient":
      return inputs.slice(1, (inputs.length + 1) / 2)
    case "Recompute":
    case "Barrier":
      return inputs.slice(1)
    default:
      return inputs
  }
}

/** The inputs through which gradients flow: integers have none, and some operators stop them. */
const differentiableInputs = ({ element, producer }: Tensor): ReadonlyArray<Tensor> =>
  producer.kind === "operator" && isFloat(element)
    ? differentiated(producer.operator.name, producer.inputs).filter((input) => isFloat(input.element))
    : []

/** Those of `order` that depend on one of `wrt`, these included: only there does a gradient have to pass. */
const dependents = (order: ReadonlyArray<Tensor>, wrt: ReadonlyArray<Tensor>): ReadonlySet<Tensor> => {
  const active = new Set<Tensor>(wrt)
  for (const tensor of order) {
    if (differentiableInputs(tensor).some((input) => active.has(input))) active.add(tensor)
  }
  return active
}

/**
 * d loss / d tensor for each tensor of `wrt`, of its shape; zeros where the loss does not depend on it. Gradients
 * that meet are added in the reverse of the order in which the loss is computed, so equal graphs give equal sums.
 * Nothing is built for weights and layers that no tensor of `wrt` reaches.
 * Throws ShapeMismatch for a loss that is no scalar, ElementMismatch for integers.
 */
export const gradients = (loss: Tensor, wrt: ReadonlyArray<Tensor>): ReadonlyArray<Tensor> => {
  if (loss.shape.length !== 0) {
    throw new ShapeMismatch({ operator: "gradients", expected: "a scalar loss", found: show(loss.shape) })
  }
  for (const { element } of [loss, ...wrt]) {
    if (!isFloat(element))
      throw new ElementMismatch({ operator: "gradients", expected: "a float type", found: element })
  }
  return pullBack(loss, scalar(1, loss.element), wrt).map(
    (gradient, index) => gradient ?? zerosLike(wrt[index] ?? loss)
  )
}

const zerosLike = ({ element, shape }: Tensor): Tensor => zeros(element, shape)

const pullBack: PullBack = (result, gradient, wrt) => {
  const order = topological([result], differentiableInputs)
  const active = dependents(order, wrt)
  const accumulated = new Map<Tensor, Tensor>([[result, gradient]])

  for (const { inputs, operator, outputs } of operatorsOf(order.filter((tensor) => active.has(tensor))).toReversed()) {
    const flow = { outputs, gradients: outputs.map((output) => accumulated.get(output)), pullBack }
    if (flow.gradients.every((part) => part === undefined)) continue
    inputGradients(operator, flow, inputs).forEach((part, index) => {
      const input = inputs[index]
      if (part === undefined || input === undefined || !active.has(input)) return
      const sum = accumulated.get(input)
      accumulated.set(input, sum === undefined ? part : add(sum, part))
    })
  }
  return wrt.map((tensor) => accumulated.get(tensor))
}

/** Each operator once, where its first result stands: all users of all its results come later. */
const operatorsOf = (order: ReadonlyArray<Tensor>) => {
  const operators = new Map<ReadonlyArray<Tensor>, Extract<Tensor["producer"], { readonly kind: "operator" }>>()
  for (const { producer } of order) {
    if (producer.kind === "operator" && !operators.has(producer.outputs)) operators.set(producer.outputs, producer)
  }
  return [...operators.values()]
}
