/** Tiny ONNX models for tests, built by hand so that they depend on nothing that they help to test. */
import { create, toBinary } from "@bufbuild/protobuf"
import {
  type AttributeProto,
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type TensorProto,
  TensorProtoSchema,
  ValueInfoProtoSchema
} from "onnx-buf"
import type { HostTensor, Program } from "../../src/runtime/OnnxRuntime.ts"

/** A name, a shape with named dimensions, and an element type. */
type Value = readonly [name: string, shape: ReadonlyArray<number | string>, dataType?: DataType]
type Node = readonly [
  operator: string,
  inputs: ReadonlyArray<string>,
  outputs: ReadonlyArray<string>,
  attributes?: ReadonlyArray<AttributeProto>
]

const value = ([name, shape, elemType = DataType.FLOAT]: Value) =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: "tensorType",
        value: {
          elemType,
          shape: {
            dim: shape.map((size) => ({
              value:
                typeof size === "number"
                  ? { case: "dimValue" as const, value: BigInt(size) }
                  : { case: "dimParam" as const, value: size }
            }))
          }
        }
      }
    }
  })

export const integer = (name: string, i: number) =>
  create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(i) })

export const subgraph = (name: string, g: GraphProto) =>
  create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g })

export const graph = (
  inputs: ReadonlyArray<Value>,
  nodes: ReadonlyArray<Node>,
  outputs: ReadonlyArray<Value>,
  initializer: Array<TensorProto> = []
): GraphProto =>
  create(GraphProtoSchema, {
    name: "graph",
    input: inputs.map(value),
    node: nodes.map(([opType, input, output, attribute = []]) =>
      create(NodeProtoSchema, { opType, input: [...input], output: [...output], attribute: [...attribute] })
    ),
    output: outputs.map(value),
    initializer
  })

export const program = (name: string, graph: GraphProto, files: Program["files"] = {}): Program => ({
  name,
  model: toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, { irVersion: 10n, opsetImport: [{ domain: "", version: 21n }], graph })
  ),
  files
})

export const external = (name: string, shape: ReadonlyArray<number>, location: string, offset: number) =>
  create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: DataType.FLOAT,
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      { key: "location", value: location },
      { key: "offset", value: String(offset) },
      { key: "length", value: String(4 * shape.reduce((product, size) => product * size, 1)) }
    ]
  })

const constant = (name: string, dataType: DataType, shape: ReadonlyArray<number>, data: ArrayBufferView<ArrayBuffer>) =>
  create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  })

export const float32 = (shape: ReadonlyArray<number>, values: ArrayLike<number>): HostTensor => ({
  element: "float32",
  shape,
  data: Float32Array.from(values)
})

/** c = a b, over any sizes. */
export const product = program(
  "product",
  graph(
    [
      ["a", ["m", "k"]],
      ["b", ["k", "n"]]
    ],
    [["MatMul", ["a", "b"], ["c"]]],
    [["c", ["m", "n"]]]
  )
)

/** sum = a + b and difference = a - b, over any one size. */
export const sumAndDifference = program(
  "sum and difference",
  graph(
    [
      ["a", ["n"]],
      ["b", ["n"]]
    ],
    [
      ["Add", ["a", "b"], ["sum"]],
      ["Sub", ["a", "b"], ["difference"]]
    ],
    [
      ["sum", ["n"]],
      ["difference", ["n"]]
    ]
  )
)

/** y = x, for each element type. */
export const identity = (dataType: DataType) =>
  program("identity", graph([["x", ["n"], dataType]], [["Identity", ["x"], ["y"]]], [["y", ["n"], dataType]]))

/** A loop of so many turns that nobody sees its end; y = x + turns. */
export const endless = program(
  "endless",
  graph(
    [["x", [1]]],
    [
      [
        "Loop",
        ["turns", "", "x"],
        ["y"],
        [
          subgraph(
            "body",
            graph(
              [
                ["turn", [], DataType.INT64],
                ["going", [], DataType.BOOL],
                ["before", [1]]
              ],
              [
                ["Identity", ["going"], ["on"]],
                ["Add", ["before", "one"], ["after"]]
              ],
              [
                ["on", [], DataType.BOOL],
                ["after", [1]]
              ]
            )
          )
        ]
      ]
    ],
    [["y", [1]]],
    [
      constant("turns", DataType.INT64, [], new BigInt64Array([1n << 60n])),
      constant("one", DataType.FLOAT, [1], new Float32Array([1]))
    ]
  )
)

/** y = zeros of the shape that is fed. */
export const zeros = program(
  "zeros",
  graph([["shape", ["rank"], DataType.INT64]], [["ConstantOfShape", ["shape"], ["y"]]], [["y", ["n"]]])
)

export { DataType }
