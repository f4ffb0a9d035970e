/** A graph that one call runs several times, what it gives being what it reads the next time. */
import { create } from "@bufbuild/protobuf"
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type NodeProto,
  NodeProtoSchema
} from "onnx-buf"
import type { Value } from "./emitter.ts"
import type { Lowered } from "./lowering.ts"
import { nodeProto, valueInfo } from "./proto.ts"
import type { Node } from "./writer.ts"

/**
 * How a graph is repeated. Inputs that have no next value stay as they are fed. Outputs that are the next value of an input
 * come out as they were last; all others come out stacked, [times, ...], but for `again`, which stays inside.
 */
export interface Repetition {
  /** What the input is called that says how often the graph runs at most: int64 []. */
  readonly times: string
  /** The output, bool [], that says whether it runs again. */
  readonly again: string
  /** Inputs, and for each the output that takes its place the next time. Sizes that a run decides may change. */
  readonly next: Readonly<Record<string, string>>
}

/** A graph with its nodes as they are written. */
interface Written {
  readonly inputs: ReadonlyArray<Value>
  readonly outputs: ReadonlyArray<Value>
  readonly nodes: Array<NodeProto>
}

const found = (values: ReadonlyArray<Value>, name: string): Value => {
  const value = values.find((value) => value.name === name)
  if (value === undefined) throw new Error(`internal: a repeated graph has no "${name}"`)
  return value
}

/** Nodes by what they hang on: nothing but values that stay as they are, or something that changes each time. */
const apart = (nodes: ReadonlyArray<Node>, staying: Iterable<string>, changing: ReadonlySet<string>) => {
  const fixed = new Set(staying)
  const outside: Array<Node> = []
  const within: Array<Node> = []
  for (const node of nodes) {
    const stays = node.inputs.every((input) => fixed.has(input)) && !node.outputs.some((output) => changing.has(output))
    ;(stays ? outside : within).push(node)
    if (stays) for (const output of node.outputs) fixed.add(output)
  }
  return { outside, within }
}

/**
 * The graph as the body of one Loop. What stays the same stays outside: weights, constants, and what is made of them, which
 * the runtime computes when it loads the graph, and packs without keeping what it packed. What has one name outside has another
 * within, for ONNX knows no shadows.
 */
export const repeated = (
  { constants, inputs, name, nodes, outputs, weights }: Lowered,
  { again, next, times }: Repetition
): Written => {
  const states = Object.keys(next).map((label) => found(inputs, label))
  const renewed = Object.values(next).map((label) => found(outputs, label))
  const stacked = outputs.filter((output) => output.name !== again && !renewed.includes(output))
  const changing = new Set([...states, ...outputs].map((value) => value.name))
  const staying = [...weights, ...constants, ...inputs]
    .map((value) => value.name)
    .filter((label) => !changing.has(label))
  const { outside, within: repeating } = apart(nodes, staying, changing)
  const inside = (label: string): string => (changing.has(label) ? `each ${label}` : label)
  const within = (value: Value) => valueInfo({ ...value, name: inside(value.name) })
  const body = create(GraphProtoSchema, {
    name,
    input: [
      valueInfo({ name: "each time", element: "int64", shape: [] }),
      valueInfo({ name: "each condition", element: "bool", shape: [] }),
      ...states.map(within)
    ],
    output: [found(outputs, again), ...renewed, ...stacked].map(within),
    node: repeating.map((node) =>
      nodeProto({ ...node, inputs: node.inputs.map(inside), outputs: node.outputs.map(inside) })
    )
  })
  const results = [...renewed, ...stacked.map((value) => ({ ...value, shape: [times, ...value.shape] }))]
  const loop = create(NodeProtoSchema, {
    name,
    opType: "Loop",
    input: [times, "", ...states.map((state) => state.name)],
    output: results.map((result) => result.name),
    attribute: [create(AttributeProtoSchema, { name: "body", type: AttributeType.GRAPH, g: body })]
  })
  return {
    inputs: [...inputs, { name: times, element: "int64", shape: [] }],
    outputs: results,
    nodes: [...outside.map(nodeProto), loop]
  }
}
