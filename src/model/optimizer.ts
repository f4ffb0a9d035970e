/** AdamW as torch computes it, as a graph over an adapter's registers: one run is one optimiser step. */
import { add, div, input, less, minimum, mul, sqrt, sub, sum, where } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { serialize, type Serialized } from "../graph/serialize.ts"
import { type Feeds, float32 } from "./packing.ts"
import type { AdamWOptions, TrainingOptions } from "./TrainingOptions.ts"

type OptimizerOptions = AdamWOptions & Pick<TrainingOptions, "precision">

/** The registers of one parameter, by the parameter's name. */
export const registers = {
  parameter: (name: string) => `parameter: ${name}`,
  gradient: (name: string) => `gradient: ${name}`,
  /** Zeros of the parameter's shape, to start summing gradients from. */
  zero: (name: string) => `zero: ${name}`,
  mean: (name: string) => `mean: ${name}`,
  square: (name: string) => `square: ${name}`
}

/** Maps an optimiser step's outputs to the registers that they renew. */
export const renewedRegisters = (names: Iterable<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...names].flatMap((name) =>
      [registers.parameter, registers.mean, registers.square].map((register) => [
        renewed(register(name)),
        register(name)
      ])
    )
  )

const renewed = (register: string): string => `renewed ${register}`

/** What an optimiser step reads, under the names of the registers. */
export const readRegisters = (names: Iterable<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...names].flatMap((name) =>
      [registers.parameter, registers.mean, registers.square, registers.gradient].map((register) => [
        register(name),
        register(name)
      ])
    )
  )

const scalarInput = (name: string): Tensor => input(name, "float32", [])

/** The factor that brings gradients of this norm down to the largest allowed. */
const clipping = (norm: Tensor, largest: number): Tensor => minimum(div(largest, add(norm, 1e-6)), 1)

/**
 * One step over all parameters: inputs `readRegisters`, outputs `renewedRegisters` and `norm`, the global gradient norm
 * before clipping. In float16 the gradients are those of the scaled loss, and a norm that is not finite leaves everything
 * as it was. Scalars that change from step to step come from `optimizerFeeds`.
 */
export const optimizerGraph = (
  shapes: ReadonlyMap<string, ReadonlyArray<number>>,
  { betas: [beta1, beta2], epsilon, maxGradientNorm, precision }: OptimizerOptions
): Serialized => {
  const isScaled = precision === "float16"
  const stepSize = scalarInput("step size")
  const squareCorrection = scalarInput("square correction")
  const decay = scalarInput("decay")
  const parameters = [...shapes].map(([name, shape]) => {
    const at = (register: (name: string) => string) => input(register(name), "float32", shape)
    return {
      name,
      parameter: at(registers.parameter),
      gradient: isScaled ? mul(at(registers.gradient), scalarInput("unscaling")) : at(registers.gradient),
      mean: at(registers.mean),
      square: at(registers.square)
    }
  })
  const squares = parameters.map(({ gradient }) => sum(mul(gradient, gradient)))
  const norm = sqrt(squares.reduce((all, square) => add(all, square)))
  const factor = maxGradientNorm === null ? 1 : clipping(norm, maxGradientNorm)
  const outputs: Record<string, Tensor> = { norm }
  // One gradient that overflowed makes the norm infinite or no number, which is less than nothing.
  const taken = less(norm, Infinity)
  const unlessSkipped = (after: Tensor, before: Tensor): Tensor => (isScaled ? where(taken, after, before) : after)
  for (const before of parameters) {
    const gradient = mul(before.gradient, factor)
    const mean = add(before.mean, mul(sub(gradient, before.mean), 1 - beta1))
    const square = add(mul(before.square, beta2), mul(mul(gradient, gradient), 1 - beta2))
    const denominator = add(div(sqrt(square), squareCorrection), epsilon)
    const parameter = sub(mul(before.parameter, decay), mul(stepSize, div(mean, denominator)))
    outputs[renewed(registers.parameter(before.name))] = unlessSkipped(parameter, before.parameter)
    outputs[renewed(registers.mean(before.name))] = unlessSkipped(mean, before.mean)
    outputs[renewed(registers.square(before.name))] = unlessSkipped(square, before.square)
  }
  return serialize({ name: "optimiser step", outputs })
}

/** The scalars of step `step`, counted from 0 without those that were skipped, computed in double precision as torch does. */
export const optimizerFeeds = (
  { betas: [beta1, beta2], precision, weightDecay }: OptimizerOptions,
  step: number,
  learningRate: number,
  lossScale: number
): Feeds => {
  const scalar = (value: number) => float32([], Float32Array.of(value))
  return {
    "step size": scalar(learningRate / (1 - beta1 ** (step + 1))),
    "square correction": scalar(Math.sqrt(1 - beta2 ** (step + 1))),
    decay: scalar(1 - learningRate * weightDecay),
    ...(precision === "float16" ? { unscaling: scalar(1 / lossScale) } : {})
  }
}
