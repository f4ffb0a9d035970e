/** Elements of weights as numbers, and numbers as elements again, rounded to the nearest and ties to even. */
import type { WeightElement } from "./safetensors.ts"

interface Coding {
  readonly decode: (bytes: Uint8Array) => Float32Array
  readonly encode: (values: Float32Array) => Uint8Array
}

/** The bytes alone in a buffer of their own, since typed arrays begin at multiples of their element. */
const aligned = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer

const bytesOfArray = ({ buffer, byteLength, byteOffset }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)

/** bfloat16 is the upper half of a float32. */
const decodeBfloat16 = (bytes: Uint8Array): Float32Array => {
  const upper = new Uint16Array(aligned(bytes))
  const bits = new Uint32Array(upper.length)
  for (let i = 0; i < upper.length; i++) bits[i] = (upper[i] ?? 0) << 16
  return new Float32Array(bits.buffer)
}

const encodeBfloat16 = (values: Float32Array): Uint8Array => {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const upper = new Uint16Array(values.length)
  for (let i = 0; i < upper.length; i++) {
    const all = bits[i] ?? 0
    // Rounding must not turn the payload of a NaN into an infinity.
    const isNaN = (all & 0x7fffffff) > 0x7f800000
    upper[i] = isNaN ? (all >>> 16) | 0x40 : (all + 0x7fff + ((all >>> 16) & 1)) >>> 16
  }
  return bytesOfArray(upper)
}

/** By element type. */
export const codings: { readonly [E in WeightElement]: Coding } = {
  float32: { decode: (bytes) => new Float32Array(aligned(bytes)), encode: bytesOfArray },
  float16: {
    decode: (bytes) => Float32Array.from(new Float16Array(aligned(bytes))),
    encode: (values) => bytesOfArray(Float16Array.from(values))
  },
  bfloat16: { decode: decodeBfloat16, encode: encodeBfloat16 }
}
