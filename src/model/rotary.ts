/** Rotary position embedding (Su et al., 2021), with the tables that transformers computes, float32 step by step. */
import { add, concat, constant, gather, mul, slice, sub, unsqueeze } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"

/** Cosine and sine of every token's angles, [tokens, 1, size / 2]. */
export interface Rotation {
  readonly cosine: Tensor
  readonly sine: Tensor
}

/** Row p holds f(p · base^(-2i / size)) for i < size / 2. */
const table = (positions: number, size: number, base: number, f: (angle: number) => number): Tensor => {
  const half = size / 2
  const data = new Float32Array(positions * half)
  for (let i = 0; i < half; i++) {
    const frequency = Math.fround(1 / Math.fround(base ** Math.fround(2 * i / size)))
    for (let position = 0; position < positions; position++) {
      data[position * half + i] = f(Math.fround(frequency * position))
    }
  }
  return constant("float32", [positions, half], data)
}

/**
 * The rotation of tokens at their positions, int32 [tokens], each less than `positions`. The tables are part of the
 * graph, because devices disagree on the cosine of large angles.
 */
export const rotationAt = (
  position: Tensor,
  { base, positions, size }: { readonly positions: number; readonly size: number; readonly base: number }
): Rotation => ({
  cosine: unsqueeze(gather(table(positions, size, base, Math.cos), position), 1),
  sine: unsqueeze(gather(table(positions, size, base, Math.sin), position), 1)
})

/**
 * Rotates the first `size` elements of each head, [tokens, heads, head size], the first half of them against the
 * second.
 */
export const rotate = (x: Tensor, { cosine, sine }: Rotation, size: number): Tensor => {
  const first = slice(x, 2, 0, size / 2)
  const second = slice(x, 2, size / 2, size)
  const turned = [
    sub(mul(first, cosine), mul(second, sine)),
    add(mul(second, cosine), mul(first, sine))
  ]
  return concat(size === x.shape[2] ? turned : [...turned, slice(x, 2, size)], 2)
}
