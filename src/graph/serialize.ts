/** A graph as the bytes of an ONNX model, and the files that hold its weights. */
import { create, toBinary } from "@bufbuild/protobuf"
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema
} from "onnx-buf"
import { onnxElements } from "./emission.ts"
import type { Attribute, Value } from "./emission.ts"
import { lower } from "./lowering.ts"
import type { Weight } from "./lowering.ts"
import type { Tensor } from "./Operator.ts"
import type { Constant, Node } from "./writer.ts"

/** What goes to the runtime: `model` and `files` as its programs want them, and what a run must feed. */
export interface Serialized {
  readonly name: string
  readonly model: Uint8Array
  /** Location named in the model → absolute path of the file. */
  readonly files: Readonly<Record<string, string>>
  readonly inputs: ReadonlyArray<Value>
  readonly outputs: ReadonlyArray<Value>
}

const irVersion = 11n
const operatorSet = 23n
const utf8 = new TextEncoder()

/**
 * Equal graphs give equal bytes: names follow the order of computation, and paths stay outside the model. Weights are
 * external data, so a model is as large as its constants. Throws NameClash and UnknownDimension.
 */
export const serialize = (graph: {
  readonly name: string
  readonly outputs: Readonly<Record<string, Tensor>>
}): Serialized => {
  const lowered = lower(graph.name, graph.outputs)
  const files = [...new Set(lowered.weights.map((weight) => weight.location.file))]
  const locations = new Map(files.map((file, index) => [file, `weights-${index}`]))
  const model = create(ModelProtoSchema, {
    irVersion,
    producerName: "tanren",
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: operatorSet })],
    graph: create(GraphProtoSchema, {
      name: lowered.name,
      input: lowered.inputs.map(valueInfo),
      output: lowered.outputs.map(valueInfo),
      initializer: [
        ...lowered.constants.map(constantTensor),
        ...lowered.weights.map((weight) => weightTensor(weight, locations.get(weight.location.file) ?? ""))
      ],
      node: lowered.nodes.map(nodeProto)
    })
  })
  return {
    name: graph.name,
    model: toBinary(ModelProtoSchema, model),
    files: Object.fromEntries(files.map((file, index) => [`weights-${index}`, file])),
    inputs: lowered.inputs,
    outputs: lowered.outputs
  }
}

/**
 * Sizes that a run decides go without their names. By names the runtime would tell which values are of one size, and plan
 * one block of memory for several of them: a block that is then held between one value's end and the next one's
 * beginning. A training's peak was higher by a tenth and more.
 */
const valueInfo = ({ name, element, shape }: Value) =>
  create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, {
      value: {
        case: "tensorType",
        value: create(TypeProto_TensorSchema, {
          elemType: onnxElements[element],
          shape: create(TensorShapeProtoSchema, {
            dim: shape.map((dimension) =>
              create(
                TensorShapeProto_DimensionSchema,
                typeof dimension === "number" ? { value: { case: "dimValue", value: BigInt(dimension) } } : {}
              )
            )
          })
        })
      }
    })
  })

const dims = (value: Value): Array<bigint> =>
  value.shape.map((dimension) => {
    if (typeof dimension === "string") throw new Error(`internal: ${value.name} has the named dimension ${dimension}`)
    return BigInt(dimension)
  })

const constantTensor = (constant: Constant) =>
  create(TensorProtoSchema, {
    name: constant.name,
    dataType: onnxElements[constant.element],
    dims: dims(constant),
    rawData: new Uint8Array(constant.data.buffer, constant.data.byteOffset, constant.data.byteLength).slice()
  })

const weightTensor = (weight: Weight, location: string) =>
  create(TensorProtoSchema, {
    name: weight.name,
    dataType: onnxElements[weight.element],
    dims: dims(weight),
    dataLocation: DataLocation.EXTERNAL,
    externalData: Object.entries({
      location,
      offset: String(weight.location.offset),
      length: String(weight.location.length)
    }).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }))
  })

const nodeProto = (node: Node) =>
  create(NodeProtoSchema, {
    name: node.outputs[0] ?? "",
    opType: node.type,
    input: [...node.inputs],
    output: [...node.outputs],
    attribute: Object.entries(node.attributes).map(([name, attribute]) => attributeProto(name, attribute))
  })

const attributeProto = (name: string, attribute: Attribute) => {
  switch (attribute.kind) {
    case "int":
      return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(attribute.value) })
    case "ints":
      return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: attribute.value.map(BigInt) })
    case "float":
      return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: attribute.value })
    case "text":
      return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: utf8.encode(attribute.value) })
  }
}
