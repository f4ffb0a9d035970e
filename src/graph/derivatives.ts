/** Derivatives of functions of single numbers, and how the larger or smaller of two shares a gradient. */
import { add, cast, equal, erf, exp, greater, less, mul, neg, sub, tanh } from "./build.ts"
import type { Tensor } from "./Operator.ts"

/** 1 where x > 0, -1 where x < 0, 0 between. */
export const sign = (x: Tensor): Tensor => sub(cast(greater(x, 0), x.element), cast(less(x, 0), x.element))

/** The share of the first operand: 1 where it wins, 1/2 where it ties. */
export const share = (wins: Tensor, a: Tensor, b: Tensor): Tensor =>
  add(cast(wins, a.element), mul(cast(equal(a, b), a.element), 0.5))

/** Exact gelu: Φ(x) + x φ(x), with z = x / √2. */
export const geluDerivative = (x: Tensor): Tensor => {
  const z = mul(x, Math.SQRT1_2)
  const cumulative = add(mul(erf(z), 0.5), 0.5)
  const density = mul(exp(neg(mul(z, z))), 1 / Math.sqrt(Math.PI))
  return add(cumulative, mul(z, density))
}

/** Derivative of x/2 (1 + tanh u), u = √(2/π) (x + 0.044715 x³). */
export const geluTanhDerivative = (x: Tensor): Tensor => {
  const scale = Math.sqrt(2 / Math.PI)
  const square = mul(x, x)
  const t = tanh(mul(mul(x, add(mul(square, 0.044715), 1)), scale))
  const inner = mul(add(mul(square, 3 * 0.044715), 1), scale)
  const slope = mul(sub(1, mul(t, t)), mul(x, inner))
  return mul(add(add(t, 1), slope), 0.5)
}
