/** Where a training stands: everything that its next step hangs on, as the bytes of a safetensors file. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TrainingLog } from "../pipeline/Measurement.ts"
import type { AdapterTensor, AdapterTensors } from "./lora.ts"
import { registers } from "./optimizer.ts"
import { inFileOrder, safetensorsHeader, sizeOf } from "./weights/safetensors.ts"

type Shape = AdapterTensor["shape"]

/** Tensors by the names of their registers. */
export type RegisterTensors = ReadonlyMap<string, AdapterTensor>

/** A training between two steps. */
export interface TrainingState {
  /** What the registers of `lastingRegisters` hold. */
  readonly tensors: RegisterTensors
  /** One entry a step that was taken; no validation loss that was computed only because a run came to its end. */
  readonly log: TrainingLog
}

/** The registers that a step hands on to the next: the adapter and both of its moments. */
export const lastingRegisters = (factors: ReadonlyMap<string, Shape>): ReadonlyMap<string, Shape> =>
  new Map(
    [registers.parameter, registers.mean, registers.square].flatMap((register) =>
      [...factors].map(([name, shape]): readonly [string, Shape] => [register(name), shape])
    )
  )

/** What they hold before the first step. */
export const firstTensors = (adapter: AdapterTensors): RegisterTensors => {
  const zeros = ({ data, shape }: AdapterTensor): AdapterTensor => ({ shape, data: new Float32Array(data.length) })
  return new Map(
    [...adapter].flatMap(([name, tensor]): ReadonlyArray<readonly [string, AdapterTensor]> => [
      [registers.parameter(name), tensor],
      [registers.mean(name), zeros(tensor)],
      [registers.square(name), zeros(tensor)]
    ])
  )
}

/** What a state knows besides its tensors, as JSON in the file's header. */
const Course = Schema.Struct({ log: TrainingLog })
const decodeCourse = Schema.decodeUnknownOption(Schema.fromJsonString(Course))
const decodeHeader = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Struct({ __metadata__: Schema.Struct({ course: Schema.String }) }))
)

const float32 = <T extends object>(tensor: T) => ({ ...tensor, element: "float32" as const })

/** The pieces of a state's file: a header that grows by a line of JSON a step, and the memory of the tensors itself. */
export const writeState = ({ log, tensors }: TrainingState): ReadonlyArray<Uint8Array> => {
  const typed = new Map([...tensors].map(([name, tensor]) => [name, float32(tensor)]))
  const course: typeof Course.Type = { log }
  return [
    safetensorsHeader(typed, { course: JSON.stringify(course) }),
    ...inFileOrder(typed).map(([, { data }]) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
  ]
}

/** The JSON that a safetensors file begins with. */
const headerText = (bytes: Uint8Array): string => {
  const length = bytes.length < 8 ? 0n : new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true)
  return new TextDecoder().decode(bytes.subarray(8, 8 + Number(length)))
}

/** A state out of its file, for an adapter of these shapes; null for bytes that `writeState` gives for no such adapter. */
export const readState = (bytes: Uint8Array, factors: ReadonlyMap<string, Shape>): TrainingState | null => {
  const text = Option.getOrNull(decodeHeader(headerText(bytes)))?.__metadata__.course ?? ""
  const course = Option.getOrNull(decodeCourse(text))
  const typed = new Map([...lastingRegisters(factors)].map(([name, shape]) => [name, float32({ shape })]))
  const header = safetensorsHeader(typed, { course: text })
  const size = [...typed.values()].reduce((all, tensor) => all + sizeOf(tensor), header.length)
  if (course === null || bytes.length !== size || header.some((byte, at) => byte !== bytes[at])) return null
  let at = header.length
  const read = ([name, tensor]: readonly [string, { readonly shape: Shape; readonly element: "float32" }]) => {
    // Copied, since the place in the file need not be a multiple of four.
    const data = new Uint8Array(bytes.subarray(at, (at += sizeOf(tensor))))
    return [name, { shape: tensor.shape, data: new Float32Array(data.buffer) }] as const
  }
  return { tensors: new Map(inFileOrder(typed).map(read)), log: course.log }
}
