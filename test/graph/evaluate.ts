/** Runs a graph in this process and gives plain numbers: the one way in which these tests compute. */
import { linkSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as ort from "onnxruntime-node"
import type { Tensor } from "../../src/graph/Operator.ts"
import type { Repetition } from "../../src/graph/repeat.ts"
import { serialize } from "../../src/graph/serialize.ts"
import type { Element } from "../../src/graph/Tensor.ts"

/** Row-major numbers and their shape. */
export interface Numbers {
  readonly shape: ReadonlyArray<number>
  readonly data: ReadonlyArray<number>
}

export type Feeds = Readonly<Record<string, Numbers>>
export type Evaluate = (feeds?: Feeds) => Promise<Readonly<Record<string, Numbers>>>

type Fed = Exclude<Element, "bfloat16" | "float16">

const toHost: { readonly [E in Fed]: (data: ReadonlyArray<number>) => ort.Tensor.DataType } = {
  float32: (data) => Float32Array.from(data),
  int32: (data) => Int32Array.from(data),
  int64: (data) => BigInt64Array.from(data, BigInt),
  uint32: (data) => Uint32Array.from(data),
  uint8: (data) => Uint8Array.from(data),
  bool: (data) => Uint8Array.from(data)
}

const toTensor = (element: Element, { data, shape }: Numbers): ort.Tensor => {
  if (element === "bfloat16" || element === "float16")
    throw new Error(`feed float32 and cast it to ${element} in the graph`)
  return new ort.Tensor(element, toHost[element](data), shape)
}

const toNumbers = (tensor: ort.Tensor): Numbers => ({
  shape: tensor.dims,
  data: Array.from(tensor.data as ArrayLike<number | bigint>, Number)
})

/** Loads the graph once; weights are linked beside the model, from where the runtime maps them. */
export const load = async (
  outputs: Readonly<Record<string, Tensor>>,
  options: ort.InferenceSession.SessionOptions = {},
  repeat?: Repetition
): Promise<Evaluate> => {
  const program = serialize({ name: "test", outputs, ...(repeat === undefined ? {} : { repeat }) })
  const { files, inputs, model } = program
  const [firstFile] = Object.values(files)
  const folder = mkdtempSync(join(firstFile === undefined ? tmpdir() : dirname(firstFile), "graph-"))
  try {
    for (const [location, file] of Object.entries(files)) linkSync(file, join(folder, location))
    writeFileSync(join(folder, "model.onnx"), model)
    const session = await ort.InferenceSession.create(join(folder, "model.onnx"), {
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: { session: { disable_prepacking: "1" } },
      ...options
    })
    return async (feeds = {}) => {
      const tensors = Object.fromEntries(
        inputs.map(({ element, name }) => {
          const fed = feeds[name]
          if (fed === undefined) throw new Error(`no numbers for input ${name}`)
          return [name, toTensor(element, fed)]
        })
      )
      const results = await session.run(tensors)
      return Object.fromEntries(
        program.outputs.map(({ name }) => {
          const result = results[name]
          if (result === undefined) throw new Error(`no result ${name}`)
          return [name, toNumbers(result)]
        })
      )
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** The value of one tensor. */
export const evaluate = async (tensor: Tensor, feeds: Feeds = {}): Promise<Numbers> => {
  const { result } = await (await load({ result: tensor }))(feeds)
  if (result === undefined) throw new Error("no result")
  return result
}

/** Sixteenths between -1 and 1 that look random: two of them tie, or differ by more than a small step. */
export const wave = (shape: ReadonlyArray<number>, phase = 0): Numbers => ({
  shape,
  data: Array.from({ length: shape.reduce((all, size) => all * size, 1) }, (_, index) => {
    const turn = Math.sin((index + 1) * 12.9898 + phase * 78.233) * 43758.5453
    return Math.round((turn - Math.floor(turn)) * 32 - 16) / 16
  })
})
