/** The element type that a frozen model is computed in, and what is computed in float32 all the same. */
import { cast } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"

/** float16 as torch has it on a graphics device: weights and hidden states are rounded to it. */
export type Precision = "float32" | "float16"

/** The tensor in float32. */
export const widened = (x: Tensor): Tensor => cast(x, "float32")

/** f of x in float32, rounded to the element type of x: norms, softmax and adapters of half tensors. */
export const inFloat32 = (x: Tensor, f: (x: Tensor) => Tensor): Tensor => cast(f(widened(x)), x.element)
