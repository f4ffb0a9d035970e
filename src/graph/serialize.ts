/** A graph as the bytes of an ONNX model, and the files that hold its weights. */
import { create, toBinary } from "@bufbuild/protobuf"
import { GraphProtoSchema, ModelProtoSchema, OperatorSetIdProtoSchema } from "onnx-buf"
import type { Value } from "./emitter.ts"
import { lower } from "./lowering.ts"
import type { Tensor } from "./Operator.ts"
import type { KnownProduct } from "./products.ts"
import { constantTensor, nodeProto, valueInfo, weightTensor } from "./proto.ts"
import { type Repetition, repeated } from "./repeat.ts"
import type { StoredMatrix } from "./Tensor.ts"

/** What goes to the runtime: `model` and `files` as its programs want them, and what a run must feed. */
export interface Serialized {
  readonly name: string
  readonly model: Uint8Array
  /** Location named in the model → absolute path of the file. */
  readonly files: Readonly<Record<string, string>>
  /** Of the inputs that are rows of a matrix: where it lies. */
  readonly matrices: Readonly<Record<string, StoredMatrix>>
  readonly inputs: ReadonlyArray<Value>
  readonly outputs: ReadonlyArray<Value>
  /** See `sharedProducts`. */
  readonly products: ReadonlyArray<KnownProduct> | undefined
}

const irVersion = 11n
const operatorSet = 23n

/**
 * Equal graphs give equal bytes: names follow the order of computation, and paths stay outside the model. Weights are
 * external data, so a model is as large as its constants. With `repeat`, one call runs the graph several times. Throws
 * NameClash and UnknownDimension.
 */
export const serialize = (graph: {
  readonly name: string
  readonly outputs: Readonly<Record<string, Tensor>>
  readonly repeat?: Repetition
}): Serialized => {
  const lowered = lower(graph.name, graph.outputs)
  const { inputs, nodes, outputs } =
    graph.repeat === undefined ? { ...lowered, nodes: lowered.nodes.map(nodeProto) } : repeated(lowered, graph.repeat)
  const files = [...new Set(lowered.weights.map((weight) => weight.location.file))]
  const locations = new Map(files.map((file, index) => [file, `weights-${index}`]))
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "tanren",
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: operatorSet })],
    graph: create(GraphProtoSchema, {
      name: lowered.name,
      input: inputs.map(valueInfo),
      output: outputs.map(valueInfo),
      initializer: [
        ...lowered.constants.map(constantTensor),
        ...lowered.weights.map((weight) => weightTensor(weight, locations.get(weight.location.file) ?? ""))
      ],
      node: nodes
    })
  })
  return {
    name: graph.name,
    model: toBinary(ModelProtoSchema, model),
    files: Object.fromEntries(files.map((file, index) => [`weights-${index}`, file])),
    matrices: Object.fromEntries(lowered.inputs.flatMap(({ name, rowsOf }) => (rowsOf ? [[name, rowsOf]] : []))),
    inputs,
    outputs,
    products: lowered.products
  }
}
