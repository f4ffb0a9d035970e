/** The parts of a graph as ONNX's messages. */
import { create } from "@bufbuild/protobuf"
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema
} from "onnx-buf"
import { onnxElements } from "./emitter.ts"
import type { Attribute, Value } from "./emitter.ts"
import type { Weight } from "./lowering.ts"
import type { Constant, Node } from "./writer.ts"

const utf8 = new TextEncoder()

/**
 * Sizes that a run decides go without their names. By names the runtime would tell which values are of one size, and plan
 * one block of memory for several of them: a block that is then held between one value's end and the next one's
 * beginning. A training's peak was higher by a tenth and more.
 */
export const valueInfo = ({ name, element, shape }: Value) =>
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

export const constantTensor = (constant: Constant) =>
  create(TensorProtoSchema, {
    name: constant.name,
    dataType: onnxElements[constant.element],
    dims: dims(constant),
    rawData: new Uint8Array(constant.data.buffer, constant.data.byteOffset, constant.data.byteLength).slice()
  })

export const weightTensor = (weight: Weight, location: string) =>
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

export const nodeProto = (node: Node) =>
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
