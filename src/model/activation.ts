/** Activation functions by what they compute. */
import { gelu, mul, relu, sigmoid, silu, tanh } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"

/** transformers has several names for one function. */
export const activationNames = {
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu tanh",
  gelu_fast: "gelu tanh",
  gelu_pytorch_tanh: "gelu tanh",
  gelu_python_tanh: "gelu tanh",
  gelu_accurate: "gelu tanh",
  quick_gelu: "gelu sigmoid",
  relu: "relu",
  relu2: "squared relu",
  silu: "silu",
  swish: "silu",
  sigmoid: "sigmoid",
  tanh: "tanh"
} as const
export type Activation = (typeof activationNames)[keyof typeof activationNames]

const squaredRelu = (x: Tensor): Tensor => {
  const positive = relu(x)
  return mul(positive, positive)
}

export const activate: { readonly [A in Activation]: (x: Tensor) => Tensor } = {
  gelu: (x) => gelu(x),
  "gelu tanh": (x) => gelu(x, "tanh"),
  "gelu sigmoid": (x) => mul(x, sigmoid(mul(x, 1.702))),
  relu,
  "squared relu": squaredRelu,
  silu,
  sigmoid,
  tanh
}
