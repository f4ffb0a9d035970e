/** The smallest ONNX model that proves an execution provider: y = x + x for one number, written out as protobuf. */

const bytes = (text: string): ReadonlyArray<number> => [...new TextEncoder().encode(text)]

/** A length-delimited protobuf field; every field of this model is shorter than 128 bytes. */
const field = (number: number, ...content: ReadonlyArray<ReadonlyArray<number>>): ReadonlyArray<number> => {
  const body = content.flat()
  return [(number << 3) | 2, body.length, ...body]
}

/** A protobuf field that holds a number below 128. */
const small = (number: number, value: number): ReadonlyArray<number> => [number << 3, value]

const float32 = small(1, 1)
const oneElement = field(2, field(1, small(1, 1)))
const value = (name: string) => [field(1, bytes(name)), field(2, field(1, float32, oneElement))]

const graph = [
  field(1, field(1, bytes("x")), field(1, bytes("x")), field(2, bytes("y")), field(4, bytes("Add"))),
  field(2, bytes("probe")),
  field(11, ...value("x")),
  field(12, ...value("y"))
]

/** Intermediate representation 8 with operator set 17: old enough for any runtime in use. */
export const probeModel = Uint8Array.from([...small(1, 8), ...field(7, ...graph), ...field(8, small(2, 17))])
