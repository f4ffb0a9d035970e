/** What the two ends of the runtime say to each other, and how a message lies on the wire between them. */
import type { ExecutionProvider, HostElement, HostTensor, StoredMatrix } from "./OnnxRuntime.ts"

/** Tensors by name. */
export type Tensors = Readonly<Record<string, HostTensor>>

/** The session options in use, named as onnxruntime-node names them. */
export interface SessionOptions {
  readonly executionProviders: ReadonlyArray<{ readonly name: ExecutionProvider; readonly deviceId?: number }>
  readonly graphOptimizationLevel: "disabled" | "basic" | "extended" | "all"
  readonly executionMode: "sequential"
  readonly enableMemPattern: false
  readonly logSeverityLevel: 3
  readonly intraOpNumThreads: number
  readonly extra: { readonly session: Readonly<Record<string, string>> }
}

/** Requests are answered strictly in order, so they carry no number; sessions are numbered by the asking side. */
export type Request =
  | { readonly _tag: "Start"; readonly options: SessionOptions }
  | {
      readonly _tag: "Open"
      readonly session: number
      readonly path: string
      readonly matrices: Readonly<Record<string, StoredMatrix>>
      readonly options: SessionOptions
    }
  | {
      readonly _tag: "Run"
      readonly session: number
      readonly resident: Readonly<Record<string, string>>
      readonly fetch: ReadonlyArray<string>
      readonly keep: Readonly<Record<string, string>>
    }
  | { readonly _tag: "Put" }
  | { readonly _tag: "Get"; readonly names: ReadonlyArray<string> }
  | { readonly _tag: "Release"; readonly names: ReadonlyArray<string> }

export type Reply = { readonly _tag: "Done" } | { readonly _tag: "Failed"; readonly reason: string }

/** A request or a reply together with the tensors that travel with it. */
export interface Message<Body> {
  readonly body: Body
  readonly tensors: Tensors
}

interface Envelope<Body> {
  readonly body: Body
  readonly tensors: ReadonlyArray<{
    readonly name: string
    readonly element: HostElement
    readonly shape: ReadonlyArray<number>
  }>
}

type MakeTensor = (shape: ReadonlyArray<number>, buffer: ArrayBufferLike, offset: number, length: number) => HostTensor

const makeTensor: { readonly [E in HostElement]: MakeTensor } = {
  float32: (shape, ...view) => ({ element: "float32", shape, data: new Float32Array(...view) }),
  float16: (shape, ...view) => ({ element: "float16", shape, data: new Uint16Array(...view) }),
  int32: (shape, ...view) => ({ element: "int32", shape, data: new Int32Array(...view) }),
  int64: (shape, ...view) => ({ element: "int64", shape, data: new BigInt64Array(...view) }),
  uint32: (shape, ...view) => ({ element: "uint32", shape, data: new Uint32Array(...view) }),
  uint8: (shape, ...view) => ({ element: "uint8", shape, data: new Uint8Array(...view) }),
  bool: (shape, ...view) => ({ element: "bool", shape, data: new Uint8Array(...view) })
}

const bytesPerElement: { readonly [E in HostElement]: number } = {
  float32: 4,
  float16: 2,
  int32: 4,
  int64: 8,
  uint32: 4,
  uint8: 1,
  bool: 1
}

export const isHostElement = (element: string): element is HostElement => Object.hasOwn(makeTensor, element)

/** How many elements a shape has; a scalar, of shape [], has one. */
const elementCount = (shape: ReadonlyArray<number>): number => shape.reduce((product, size) => product * size, 1)

/** A tensor of this element type and shape over memory that holds its values, without a copy. */
export const tensorOver = (element: HostElement, shape: ReadonlyArray<number>, memory: ArrayBufferView): HostTensor =>
  makeTensor[element](shape, memory.buffer, memory.byteOffset, elementCount(shape))

const bytesOf = (memory: ArrayBufferView): Uint8Array =>
  new Uint8Array(memory.buffer, memory.byteOffset, memory.byteLength)

/**
 * A message as the pieces to be written, in order: the length of the envelope (4 bytes, little-endian), the envelope
 * (JSON), then the bytes of each tensor. The pieces are views: nothing is copied, so the tensors must not change until
 * the message is written. A tensor whose values do not fill its shape would derail the stream: that is a defect.
 */
export const encode = <Body>({ body, tensors }: Message<Body>): ReadonlyArray<Uint8Array> => {
  const entries = Object.entries(tensors)
  for (const [name, { data, shape }] of entries) {
    if (data.length !== elementCount(shape)) {
      throw new Error(`internal: the tensor "${name}" of shape [${shape}] holds ${data.length} values`)
    }
  }
  const envelope: Envelope<Body> = {
    body,
    tensors: entries.map(([name, { element, shape }]) => ({ name, element, shape }))
  }
  const header = new TextEncoder().encode(JSON.stringify(envelope))
  const length = new Uint8Array(4)
  new DataView(length.buffer).setUint32(0, header.length, true)
  return [length, header, ...entries.map(([, { data }]) => bytesOf(data))]
}

/**
 * Receives one message: yields each piece of memory that must be filled next and returns the message at the end. The
 * one reading waits for bytes and the other is called with them; both drive this description of the format.
 */
export function* receive<Body>(): Generator<Uint8Array, Message<Body>, void> {
  const length = new Uint8Array(4)
  yield length
  const header = new Uint8Array(new DataView(length.buffer).getUint32(0, true))
  yield header
  const envelope: Envelope<Body> = JSON.parse(new TextDecoder().decode(header))
  const tensors: Record<string, HostTensor> = {}
  for (const { name, element, shape } of envelope.tensors) {
    const memory = new Uint8Array(elementCount(shape) * bytesPerElement[element])
    yield memory
    tensors[name] = tensorOver(element, shape, memory)
  }
  return { body: envelope.body, tensors }
}

/** Puts messages together from chunks of any size, calling `deliver` with each one that is complete. */
export const assemble = <Body>(deliver: (message: Message<Body>) => void): ((chunk: Uint8Array) => void) => {
  let receiving = receive<Body>()
  let step = receiving.next()
  let filled = 0
  return (chunk) => {
    let rest = chunk
    for (;;) {
      if (step.done) {
        deliver(step.value)
        receiving = receive()
        step = receiving.next()
      } else if (filled === step.value.length) {
        step = receiving.next()
        filled = 0
      } else if (rest.length === 0) {
        return
      } else {
        const part = rest.subarray(0, step.value.length - filled)
        step.value.set(part, filled)
        filled += part.length
        rest = rest.subarray(part.length)
      }
    }
  }
}
