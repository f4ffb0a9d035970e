/** Collects and names the nodes and constants of a graph, and remembers where named sizes can be read. */
import type { Emitter, NodeAttributes, Value } from "./emitter.ts"
import type { ConstantData, Type } from "./Tensor.ts"

export interface Node {
  readonly type: string
  readonly inputs: ReadonlyArray<string>
  readonly outputs: ReadonlyArray<string>
  readonly attributes: NodeAttributes
}

export interface Constant extends Value {
  readonly data: ConstantData
}

export interface Writer extends Omit<Emitter, "results"> {
  readonly nodes: ReadonlyArray<Node>
  /** Makes the named sizes of a value available to what is written after. */
  readonly offer: (value: string, type: Type) => void
  readonly constants: () => ReadonlyArray<Constant>
}

/** A value's names count up in the order of writing; constants of the same bytes are one. */
export const makeWriter = (): Writer => {
  const nodes: Array<Node> = []
  const constants = new Map<string, Constant>()
  const dimensions = new Map<string, { readonly value: string; readonly axis: number }>()
  const sizes = new Map<string, string>()

  const node: Emitter["node"] = (type, inputs, attributes = {}, results = 1) => {
    const base = `${type}:${nodes.length}`
    const outputs = Array.from({ length: results }, (_, index) => (index === 0 ? base : `${base}:${index}`))
    nodes.push({ type, inputs, outputs, attributes })
    return outputs
  }

  const constant: Emitter["constant"] = (element, shape, data) => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const key = `${element} ${shape} ${bytes.toString("base64")}`
    const name = constants.get(key)?.name ?? `constant:${constants.size}`
    constants.set(key, { name, element, shape, data })
    return name
  }

  const size: Emitter["size"] = (dimension) => {
    const known = sizes.get(dimension)
    const source = dimensions.get(dimension)
    if (known !== undefined || source === undefined) return known
    const [result] = node("Shape", [source.value], {
      start: { kind: "int", value: source.axis },
      end: { kind: "int", value: source.axis + 1 }
    })
    if (result !== undefined) sizes.set(dimension, result)
    return result
  }

  const offer = (value: string, { shape }: Type): void =>
    shape.forEach((dimension, axis) => {
      if (typeof dimension === "string" && !dimensions.has(dimension)) dimensions.set(dimension, { value, axis })
    })

  return {
    nodes,
    node,
    constant,
    size,
    offer,
    knownDimensions: () => [...dimensions.keys()],
    constants: () => [...constants.values()]
  }
}
