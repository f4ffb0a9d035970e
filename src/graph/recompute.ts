/** Memory for time: a part of a graph that is computed a second time for its gradient (Chen et al., 2016). */
import { apply } from "./build.ts"
import type { Tensor } from "./Operator.ts"
import { inputsOf, topological } from "./order.ts"

/**
 * f(x), of which only x and what f reads from outside live until the backward pass: there, once the gradient of the
 * result is known, f(x) is computed anew and differentiated. Values and gradients keep their bits, the gradients of all
 * that f reads too. f must be pure, and nothing inside it be used elsewhere, for that would have to be kept.
 */
export const recompute = (f: (x: Tensor) => Tensor, x: Tensor): Tensor => {
  const y = f(x)
  // What is part of f(x) both times was there before.
  const before = new Set(topological([f(x)], inputsOf))
  const boundary = topological([y], (tensor) => (before.has(tensor) ? [] : inputsOf(tensor)))
  return apply({ name: "Recompute" }, y, ...boundary.filter((tensor) => before.has(tensor)))
}
