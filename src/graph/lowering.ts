/** From symbols to a plain ONNX graph: names for all values, nodes in order, weights and constants aside. */
import { NameClash } from "./Errors.ts"
import { emit, readInputs } from "./emission.ts"
import type { Value } from "./emitter.ts"
import type { Tensor } from "./Operator.ts"
import { topological } from "./order.ts"
import { type KnownProduct, sharedProducts } from "./products.ts"
import type { StoredMatrix, WeightLocation } from "./Tensor.ts"
import { makeWriter } from "./writer.ts"
import type { Constant, Node, Writer } from "./writer.ts"

export interface Weight extends Value {
  readonly location: WeightLocation
}

export interface Input extends Value {
  readonly rowsOf?: StoredMatrix
}

/** A graph whose values have names. */
export interface Lowered {
  readonly name: string
  readonly inputs: ReadonlyArray<Input>
  readonly outputs: ReadonlyArray<Value>
  readonly weights: ReadonlyArray<Weight>
  readonly constants: ReadonlyArray<Constant>
  readonly nodes: ReadonlyArray<Node>
  /** See `sharedProducts`. */
  readonly products: ReadonlyArray<KnownProduct> | undefined
}

/**
 * Names every value by its place in the order of computation, so that equal graphs are lowered equally.
 * Throws NameClash and UnknownDimension.
 */
export const lower = (name: string, outputs: Readonly<Record<string, Tensor>>): Lowered => {
  const order = topological(Object.values(outputs), readBy)
  const { inputs, weights } = given(name, order)
  const writer = makeWriter()
  const names = new Map<Tensor, string>()
  const nameOf = (tensor: Tensor): string => {
    const value = names.get(tensor)
    if (value === undefined) throw new Error("internal: a value is used before it is computed")
    return value
  }
  const bind = (tensor: Tensor, value: string): void => {
    names.set(tensor, value)
    writer.offer(value, tensor)
  }

  // Inputs come first, so that named sizes are read from them and not from what is computed.
  for (const tensor of order) {
    const { producer } = tensor
    if (producer.kind === "input" || producer.kind === "weight") bind(tensor, producer.name)
  }
  const results = resultCounts(order)
  for (const tensor of order) {
    const { producer } = tensor
    if (producer.kind === "constant") {
      const sizes = tensor.shape.filter((dimension) => typeof dimension === "number")
      bind(tensor, writer.constant(tensor.element, sizes, producer.data))
    } else if (producer.kind === "operator" && !names.has(tensor)) {
      const emitter = { ...writer, results: results.get(producer.outputs) ?? 1 }
      const read = readBy(tensor).map((input) => ({ ...typeOf(input), name: nameOf(input) }))
      emit(emitter, producer.operator, read).forEach((value, index) => {
        const output = producer.outputs[index]
        if (output !== undefined) bind(output, output.element === "float16" ? rounded(writer, value, output) : value)
      })
    }
  }
  return {
    name,
    inputs,
    outputs: Object.entries(outputs).map(([label, tensor]) => ({ ...typeOf(tensor), name: label })),
    weights,
    constants: writer.constants(),
    nodes: nameOutputs(
      name,
      writer.nodes,
      outputs,
      nameOf,
      new Set([...inputs, ...weights].map((value) => value.name))
    ),
    products: sharedProducts(order)
  }
}

/**
 * A provider without kernels for float16 has those for float32, between casts, and the runtime leaves out a cast to
 * float16 that a cast back follows: whole chains would be computed as float32, and would not overflow. Reshapes to the
 * same shape, which copy nothing, stand between the two: one alone would be moved to float32 itself, and two are made
 * one only where all sizes are numbers, which those of activations are not.
 */
const rounded = (writer: Writer, value: string, { shape }: Tensor): string => {
  const same = writer.constant("int64", [shape.length], new BigInt64Array(shape.length))
  const [once = value] = writer.node("Reshape", [value, same])
  const [twice = once] = writer.node("Reshape", [once, same])
  return twice
}

const typeOf = ({ element, shape }: Tensor) => ({ element, shape })

/** Inputs that emission reads; a value whose gradient is known does not need the gradient to be computed. */
const readBy = ({ producer }: Tensor): ReadonlyArray<Tensor> =>
  producer.kind === "operator" ? producer.inputs.slice(0, readInputs(producer.operator, producer.inputs.length)) : []

/** The inputs and weights, each name once. */
const given = (graph: string, order: ReadonlyArray<Tensor>) => {
  const values = new Map<string, string>()
  const claim = (value: Value): boolean => {
    const encoded = JSON.stringify(value)
    const known = values.get(value.name)
    if (known !== undefined && known !== encoded) throw new NameClash({ graph, name: value.name })
    values.set(value.name, encoded)
    return known === undefined
  }
  const inputs: Array<Input> = []
  const weights: Array<Weight> = []
  for (const tensor of order) {
    const { producer } = tensor
    if (producer.kind === "input") {
      const { name, rowsOf } = producer
      const value = { name, ...typeOf(tensor), ...(rowsOf === undefined ? {} : { rowsOf }) }
      if (claim(value)) inputs.push(value)
    } else if (producer.kind === "weight") {
      const value = { name: producer.name, ...typeOf(tensor), location: producer.location }
      if (claim(value)) weights.push(value)
    }
  }
  return { inputs, weights }
}

/** How many of an operator's results, counted from the first, are read. */
const resultCounts = (order: ReadonlyArray<Tensor>): ReadonlyMap<ReadonlyArray<Tensor>, number> => {
  const counts = new Map<ReadonlyArray<Tensor>, number>()
  for (const { producer } of order) {
    if (producer.kind !== "operator") continue
    counts.set(producer.outputs, Math.max(counts.get(producer.outputs) ?? 0, producer.output + 1))
  }
  return counts
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
