/** The safetensors format: where each tensor of a file lies, without reading the tensors. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FilesReader, StageFailure } from "../../pipeline/Reader.ts"
import { WeightsInvalid } from "../Errors.ts"
import { fileSize } from "./fileSize.ts"

/** Element types of weights that models can be computed from, by their name in the format. */
export const weightElements = { F32: "float32", F16: "float16", BF16: "bfloat16" } as const
export type WeightElement = (typeof weightElements)[keyof typeof weightElements]

/** One tensor: `offset` and `length` are bytes within the file. */
export interface StoredTensor {
  readonly path: string
  readonly offset: number
  readonly length: number
  readonly element: WeightElement
  readonly shape: ReadonlyArray<number>
}

/** The format's own limit on the size of a header. */
const largestHeader = 100_000_000

const Span = Schema.Tuple([Schema.Natural, Schema.Natural])
const Entry = Schema.Struct({
  dtype: Schema.String,
  shape: Schema.Array(Schema.Natural),
  data_offsets: Span
})
const Header = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

/** Bytes of one element. */
export const bytesOf: { readonly [E in WeightElement]: number } = { float32: 4, float16: 2, bfloat16: 2 }

const isKnown = (dtype: string): dtype is keyof typeof weightElements => Object.hasOwn(weightElements, dtype)

/** Refuses tensors that share bytes: the file was not written by anything that meant it. */
const firstOverlap = (tensors: ReadonlyArray<readonly [string, StoredTensor]>): string | undefined => {
  const sorted = tensors.toSorted(([, a], [, b]) => a.offset - b.offset || a.length - b.length)
  const index = sorted.findIndex(([, tensor], at) => {
    const before = sorted[at - 1]
    return before !== undefined && before[1].offset + before[1].length > tensor.offset
  })
  return index < 0 ? undefined : `${sorted[index - 1]?.[0]} and ${sorted[index]?.[0]}`
}

/**
 * The tensors of one file, by name. Reads the header alone. Tensors of element types that no model here computes with
 * (an attention mask stored as bytes in old checkpoints) are left out; asking for one then says that it is missing.
 */
export const readSafetensors = Effect.fn("readSafetensors")(function* (
  files: FilesReader,
  path: string
): Effect.fn.Return<ReadonlyMap<string, StoredTensor>, WeightsInvalid | StageFailure> {
  const invalid = (reason: string) => new WeightsInvalid({ file: path, reason })
  const size = yield* fileSize(files, path)
  if (size < 8) return yield* invalid(`it has ${size} bytes, too few for a safetensors header.`)
  const prefix = yield* files.slice(path, 0, 8)
  const headerLength = new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true)
  if (headerLength > BigInt(largestHeader) || Number(headerLength) > size - 8) {
    return yield* invalid(
      `its header claims ${headerLength} bytes, but the file has ${size}: it is cut off, or no safetensors file.`
    )
  }
  const dataStart = 8 + Number(headerLength)
  const text = new TextDecoder().decode(yield* files.slice(path, 8, Number(headerLength)))
  const header = yield* Effect.mapError(Schema.decodeUnknownEffect(Header)(text), () =>
    invalid("its header is not JSON.")
  )
  const tensors: Array<readonly [string, StoredTensor]> = []
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") continue
    const {
      data_offsets: [begin, end],
      dtype,
      shape
    } = yield* Effect.mapError(Schema.decodeUnknownEffect(Entry)(value), ({ message }) =>
      invalid(`the entry of tensor "${name}" is malformed (${message}).`)
    )
    if (end < begin || dataStart + end > size) {
      return yield* invalid(
        `tensor "${name}" claims bytes ${begin} to ${end} of ${size - dataStart}: the file is cut off.`
      )
    }
    if (!isKnown(dtype)) continue
    const element = weightElements[dtype]
    const length = shape.reduce((all, dimension) => all * dimension, bytesOf[element])
    if (length !== end - begin) {
      return yield* invalid(
        `tensor "${name}" of shape [${shape.join(", ")}] needs ${length} bytes and has ${end - begin}.`
      )
    }
    tensors.push([name, { path, offset: dataStart + begin, length, element, shape }])
  }
  const overlap = firstOverlap(tensors)
  if (overlap !== undefined) return yield* invalid(`tensors ${overlap} overlap.`)
  return new Map(tensors)
})

const nameInFormat: { readonly [E in WeightElement]: keyof typeof weightElements } = {
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16"
}

/** What a header says of a tensor. */
export interface TensorType {
  readonly element: WeightElement
  readonly shape: ReadonlyArray<number>
}

/** Bytes of a tensor. */
export const sizeOf = ({ element, shape }: TensorType): number =>
  shape.reduce((all, dimension) => all * dimension, bytesOf[element])

/** Larger elements first, so that each tensor lies at a multiple of its element; then by name. */
export const inFileOrder = <T extends TensorType>(
  tensors: ReadonlyMap<string, T>
): ReadonlyArray<readonly [name: string, tensor: T]> =>
  [...tensors].toSorted(
    ([a, { element: ofA }], [b, { element: ofB }]) => bytesOf[ofB] - bytesOf[ofA] || (a < b ? -1 : 1)
  )

/** What a file begins with; the tensors follow without gaps, in the order of `inFileOrder`. */
export const safetensorsHeader = (
  tensors: ReadonlyMap<string, TensorType>,
  metadata: Readonly<Record<string, string>>
): Uint8Array => {
  const header: Record<string, unknown> = { __metadata__: metadata }
  let offset = 0
  for (const [name, tensor] of inFileOrder(tensors)) {
    const { element, shape } = tensor
    header[name] = { dtype: nameInFormat[element], shape, data_offsets: [offset, (offset += sizeOf(tensor))] }
  }
  // Tensors start at a multiple of 8 bytes, as the format's own writer has it: readers map them in place.
  const json = new TextEncoder().encode(JSON.stringify(header))
  const length = Math.ceil(json.length / 8) * 8
  const bytes = new Uint8Array(8 + length).fill(0x20, 8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true)
  bytes.set(json, 8)
  return bytes
}

/** float32 tensors as the bytes of a safetensors file; names in order, so that equal tensors give equal bytes. */
export const writeSafetensors = (
  tensors: ReadonlyMap<string, { readonly shape: ReadonlyArray<number>; readonly data: Float32Array }>,
  metadata: Readonly<Record<string, string>>
): Uint8Array => {
  const typed = new Map(
    [...tensors].map(([name, { data, shape }]) => [name, { element: "float32" as const, shape, data }])
  )
  const parts = inFileOrder(typed).map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  return new Uint8Array(Buffer.concat([safetensorsHeader(typed, metadata), ...parts]))
}
