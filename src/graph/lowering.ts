/** From symbols to a plain ONNX graph: names for all values, nodes in order, weights and constants aside. */
import { NameClash } from "./Errors.ts"
import { emit, readInputs } from "./emission.ts"
import type { Emitter, NodeAttributes, Value } from "./emission.ts"
import type { Tensor } from "./Operator.ts"
import { topological } from "./order.ts"
import type { ConstantData, Element, WeightLocation } from "./Tensor.ts"

export interface Node {
  readonly type: string
  readonly inputs: ReadonlyArray<string>
  readonly outputs: ReadonlyArray<string>
  readonly attributes: NodeAttributes
}

export interface Constant extends Value {
  readonly data: ConstantData
}

export interface Weight extends Value {
  readonly location: WeightLocation
}

/** A graph whose values have names. */
export interface Lowered {
  readonly name: string
  readonly inputs: ReadonlyArray<Value>
  readonly outputs: ReadonlyArray<Value>
  readonly weights: ReadonlyArray<Weight>
  readonly constants: ReadonlyArray<Constant>
  readonly nodes: ReadonlyArray<Node>
}

/** Inputs that emission reads; a value whose gradient is known does not need the gradient to be computed. */
const readBy = ({ producer }: Tensor): ReadonlyArray<Tensor> =>
  producer.kind === "operator" ? producer.inputs.slice(0, readInputs(producer.operator, producer.inputs.length)) : []

/**
 * Names every value by its place in the order of computation, so that equal graphs are lowered equally.
 * Inputs come first, so that they are asked first for the sizes of named dimensions.
 * Throws NameClash and UnknownDimension.
 */
export const lower = (name: string, outputs: Readonly<Record<string, Tensor>>): Lowered => {
  const order = topological(Object.values(outputs), readBy)
  const inputs = new Map<string, Value>()
  const weights = new Map<string, Weight>()
  const constants = new Map<string, Constant>()
  const nodes: Array<Node> = []
  const valueNames = new Map<Tensor, string>()
  const dimensions = new Map<string, { readonly value: string; readonly axis: number }>()
  const sizes = new Map<string, string>()
  const resultCounts = new Map<ReadonlyArray<Tensor>, number>()

  const bind = (tensor: Tensor, value: string) => {
    valueNames.set(tensor, value)
    tensor.shape.forEach((dimension, axis) => {
      if (typeof dimension === "string" && !dimensions.has(dimension)) dimensions.set(dimension, { value, axis })
    })
  }
  const valueOf = (tensor: Tensor): Value => {
    const value = valueNames.get(tensor)
    if (value === undefined) throw new Error("internal: a value is used before it is computed")
    return { name: value, element: tensor.element, shape: tensor.shape }
  }
  const constant = (element: Element, shape: ReadonlyArray<number>, data: ConstantData): string => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    const key = `${element} ${shape} ${bytes.toString("base64")}`
    const known = constants.get(key)
    if (known !== undefined) return known.name
    const constantName = `constant:${constants.size}`
    constants.set(key, { name: constantName, element, shape, data })
    return constantName
  }
  const node: Emitter["node"] = (type, nodeInputs, attributes = {}, results = 1) => {
    const base = `${type}:${nodes.length}`
    const nodeOutputs = Array.from({ length: results }, (_, index) => index === 0 ? base : `${base}:${index}`)
    nodes.push({ type, inputs: nodeInputs, outputs: nodeOutputs, attributes })
    return nodeOutputs
  }
  const size = (dimension: string): string | undefined => {
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

  for (const tensor of order) {
    const { producer } = tensor
    if (producer.kind === "input") {
      claim(name, inputs, { name: producer.name, element: tensor.element, shape: tensor.shape })
      bind(tensor, producer.name)
    } else if (producer.kind === "weight") {
      const { location } = producer
      claim(name, weights, { name: producer.name, element: tensor.element, shape: tensor.shape, location })
      bind(tensor, producer.name)
    } else if (producer.kind === "operator") {
      const count = resultCounts.get(producer.outputs) ?? 0
      resultCounts.set(producer.outputs, Math.max(count, producer.output + 1))
    }
  }
  for (const both of inputs.keys()) {
    if (weights.has(both)) throw new NameClash({ graph: name, name: both })
  }
  for (const tensor of order) {
    const { producer } = tensor
    if (producer.kind === "constant") {
      bind(tensor, constant(tensor.element, tensor.shape.filter((dimension) => typeof dimension === "number"), producer.data))
    } else if (producer.kind === "operator" && !valueNames.has(tensor)) {
      const emitter: Emitter = {
        node,
        constant,
        size,
        knownDimensions: () => [...dimensions.keys()],
        results: resultCounts.get(producer.outputs) ?? 1
      }
      const read = readBy(tensor).map(valueOf)
      emit(emitter, producer.operator, read).forEach((result, index) => {
        const output = producer.outputs[index]
        if (output !== undefined) bind(output, result)
      })
    }
  }

  const named = nameOutputs(name, nodes, outputs, (tensor) => valueOf(tensor).name, new Set([...inputs.keys(), ...weights.keys()]))
  return {
    name,
    inputs: [...inputs.values()],
    outputs: Object.entries(outputs).map(([label, { element, shape }]) => ({ name: label, element, shape })),
    weights: [...weights.values()],
    constants: [...constants.values()],
    nodes: named
  }
}

/** Records a value under its name, refusing another value of the same name. */
const claim = <V extends Value>(graph: string, values: Map<string, V>, value: V): void => {
  const known = values.get(value.name)
  if (known !== undefined && JSON.stringify(known) !== JSON.stringify(value)) throw new NameClash({ graph, name: value.name })
  values.set(value.name, value)
}

/** Gives the results asked for the names they are asked under: by renaming where a node makes them, else by a copy. */
const nameOutputs = (
  graph: string,
  nodes: ReadonlyArray<Node>,
  outputs: Readonly<Record<string, Tensor>>,
  nameOf: (tensor: Tensor) => string,
  taken: ReadonlySet<string>
): ReadonlyArray<Node> => {
  const produced = new Set(nodes.flatMap((node) => node.outputs))
  const renamed = new Map<string, string>()
  const copies: Array<Node> = []
  for (const [label, tensor] of Object.entries(outputs)) {
    const value = nameOf(tensor)
    if (taken.has(label) || produced.has(label)) throw new NameClash({ graph, name: label })
    if (produced.has(value) && !renamed.has(value)) renamed.set(value, label)
    else copies.push({ type: "Identity", inputs: [value], outputs: [label], attributes: {} })
  }
  const rename = (value: string): string => renamed.get(value) ?? value
  return [...nodes, ...copies].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename)
  }))
}
