/** Rotary position embedding (Su et al., 2021), with the tables that transformers computes, float32 step by step. */
import { add, cast, concat, constant, gather, mul, rotaryEmbedding, slice, sub, unsqueeze } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import type { Element } from "../graph/Tensor.ts"
import type { RotaryScaling } from "./rotaryConfig.ts"

/** Cosine and sine of every token's angles, [tokens, size / 2]. */
export interface Rotation {
  readonly cosine: Tensor
  readonly sine: Tensor
}

/** What the tables of a model are made from. */
export interface RotaryOptions {
  /** Rows of the tables: tokens in the longest sequence. */
  readonly positions: number
  /** Elements of a head that are rotated. */
  readonly size: number
  readonly base: number
  readonly scaling: RotaryScaling
}

const round = Math.fround

/** A frequency under a scaling: where each operation rounds is where transformers has it round. */
const scaled = (frequency: number, scaling: RotaryScaling): number => {
  switch (scaling.kind) {
    case "none":
      return frequency
    case "linear":
      return round(frequency / scaling.factor)
    case "llama3": {
      const { factor, highFrequencyFactor: high, lowFrequencyFactor: low, originalPositions } = scaling
      const wavelength = round(round(2 * Math.PI) / frequency)
      if (wavelength > originalPositions / low) return round(frequency / factor)
      if (wavelength < originalPositions / high) return frequency
      const smooth = round(round(round(originalPositions / wavelength) - low) / (high - low))
      return round(round(round(round(1 - smooth) * frequency) / factor) + round(smooth * frequency))
    }
  }
}

/** Radians a position, [size / 2]: base^(-2i / size), scaled. */
const frequencies = ({ base, scaling, size }: RotaryOptions): ReadonlyArray<number> =>
  Array.from({ length: size / 2 }, (_, i) => scaled(round(1 / round(base ** round((2 * i) / size))), scaling))

/** Row p holds f(p · frequency), [positions, size / 2]. */
const table = (options: RotaryOptions, f: (angle: number) => number): Tensor => {
  const half = options.size / 2
  const data = new Float32Array(options.positions * half)
  frequencies(options).forEach((frequency, i) => {
    for (let position = 0; position < options.positions; position++) {
      data[position * half + i] = f(round(frequency * position))
    }
  })
  return constant("float32", [options.positions, half], data)
}

/**
 * The rotation of tokens at their positions, int32 [tokens], each less than `positions`. The float32 tables are part of the
 * graph, because devices disagree on the cosine of large angles.
 */
export const rotationAt = (position: Tensor, options: RotaryOptions, element: Element): Rotation => {
  const at = (f: (angle: number) => number) => cast(gather(table(options, f), position), element)
  return { cosine: at(Math.cos), sine: at(Math.sin) }
}

/** The rotation as products and sums. Each is rounded, which in float16 shows. */
const stepByStep = (x: Tensor, cosine: Tensor, sine: Tensor): Tensor => {
  const half = Number(cosine.shape[1])
  const first = slice(x, 2, 0, half)
  const second = slice(x, 2, half, 2 * half)
  const [c, s] = [unsqueeze(cosine, 1), unsqueeze(sine, 1)]
  const turned = [sub(mul(first, c), mul(second, s)), add(mul(second, c), mul(first, s))]
  return concat(2 * half === x.shape[2] ? turned : [...turned, slice(x, 2, 2 * half)], 2)
}

/**
 * Rotates the first elements of each head, [tokens, heads, head size], as many as have an angle. One operator does so
 * at once; half tensors go step by step, to be rounded where transformers rounds them.
 */
export const rotate = (x: Tensor, { cosine, sine }: Rotation): Tensor =>
  x.element === "float32" ? rotaryEmbedding(x, cosine, sine) : stepByStep(x, cosine, sine)
