/** Activation functions by what they compute. */
import { gelu, relu, silu } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import type { Activation } from "./config.ts"

export const activate: { readonly [A in Activation]: (x: Tensor) => Tensor } = {
  gelu: (x) => gelu(x),
  "gelu tanh": (x) => gelu(x, "tanh"),
  relu,
  silu
}
