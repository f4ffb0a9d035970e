/** Equal graphs are equal bytes, weights stay in their files, names are unique. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fromBinary } from "@bufbuild/protobuf"
import { ModelProtoSchema } from "onnx-buf"
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as g from "../../src/graph/build.ts"
import { gradients } from "../../src/graph/autodiff.ts"
import { NameClash } from "../../src/graph/Errors.ts"
import { serialize } from "../../src/graph/serialize.ts"
import type { WeightLocation } from "../../src/graph/Tensor.ts"
import { evaluate, load } from "./evaluate.ts"

const folder = mkdtempSync(join(tmpdir(), "weights-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** A file with bytes before and after the values, which start at an odd offset. */
const stored = (name: string, bytes: Uint8Array): WeightLocation => {
  const file = join(folder, name)
  writeFileSync(file, Buffer.concat([Buffer.alloc(7, 0xff), bytes, Buffer.alloc(5, 0xff)]))
  return { file, offset: 7, length: bytes.length }
}

const values = [1, -2.5, 0.5, 3, 0.25, -8]
const float32 = stored("float32", new Uint8Array(Float32Array.from(values).buffer))
const bfloat16 = stored(
  "bfloat16",
  new Uint8Array(new Uint16Array(new Uint32Array(Float32Array.from(values).buffer).map((bits) => bits >>> 16)).buffer)
)
const float16 = stored("float16", new Uint8Array(new Float16Array(values).buffer))

/** Built anew at each call. */
const step = (scale: number, location = float32) => {
  const x = g.input("x", "float32", ["tokens", 3])
  const w = g.weight("w", "float32", [2, 3], location)
  const loss = g.mul(g.sum(g.gelu(g.linear(x, w))), scale)
  const [gradient = loss] = gradients(loss, [x])
  return serialize({ name: "step", outputs: { loss, gradient } })
}

describe("bytes", () => {
  it("are the same for the same graph", () => {
    assert.deepStrictEqual(step(2), step(2))
  })

  it("differ with a constant, and not with the folder of the weights", () => {
    assert.notDeepEqual(step(3).model, step(2).model)
    const elsewhere = step(2, { ...float32, file: "/elsewhere/model.safetensors" })
    assert.deepStrictEqual(elsewhere.model, step(2).model)
    assert.deepStrictEqual(elsewhere.files, { "weights-0": "/elsewhere/model.safetensors" })
  })

  it("do not hold the weights", () => {
    const w = g.weight("w", "float32", [1000, 1000], { file: "/large", offset: 0, length: 4_000_000 })
    assert.isBelow(
      serialize({ name: "large", outputs: { y: g.linear(g.input("x", "float32", ["n", 1000]), w) } }).model.length,
      1000
    )
  })

  it("come with what a run must feed", () => {
    assert.deepStrictEqual(step(1).inputs, [{ name: "x", element: "float32", shape: ["tokens", 3] }])
  })
})

describe("weights", () => {
  it.each([
    ["float32", float32],
    ["float16", float16],
    ["bfloat16", bfloat16]
  ] as const)("of type %s are read from the middle of a file", async (element, location) => {
    const w = g.cast(g.weight("w", element, [2, 3], location), "float32")
    assert.deepStrictEqual(await evaluate(g.add(w, 1)), { shape: [2, 3], data: values.map((value) => value + 1) })
  })

  it("come from several files, each linked once", async () => {
    const w = g.weight("w", "float32", [2, 3], float32)
    const v = g.cast(g.weight("v", "float16", [2, 3], float16), "float32")
    assert.deepStrictEqual((await evaluate(g.sub(g.add(w, v), w))).data, values)
  })
})

describe("names", () => {
  const x = g.input("x", "float32", [2])

  it("of one input asked for twice are one input", () => {
    const sum = g.add(x, g.input("x", "float32", [2]))
    assert.strictEqual(serialize({ name: "g", outputs: { sum } }).inputs.length, 1)
  })

  it("that two values share are refused", () => {
    const refused = [
      { y: g.add(x, g.cast(g.input("x", "int32", [2]), "float32")) },
      { y: g.add(g.input("w", "float32", [2, 3]), g.weight("w", "float32", [2, 3], float32)) },
      { x: g.neg(x) }
    ]
    for (const outputs of refused) {
      assert.throws(
        () => serialize({ name: "g", outputs: { ...outputs } }),
        NameClash,
        /two different values are called/
      )
    }
  })

  it("of results may stand for one tensor, an input or a constant", async () => {
    const y = g.neg(x)
    const found = await (await load({ y, again: y, fed: x, fixed: g.scalar(3) }))({ x: { shape: [2], data: [1, 2] } })
    assert.deepStrictEqual(
      Object.values(found).map(({ data }) => data),
      [[-1, -2], [-1, -2], [1, 2], [3]]
    )
  })
})

describe("a repeated graph", () => {
  const doubling = stored("doubling", new Uint8Array(Float32Array.of(2, 0, 0, 2).buffer))

  /** Adds its last row, doubled by a weight, to a list of rows, and stops once that row's sum has reached 100. */
  const growing = () => {
    const rows = g.input("rows", "float32", ["rows", 2])
    const step = g.input("step", "float32", [2])
    const twice = g.weight("twice", "float32", [2, 2], doubling)
    const last = g.gather(rows, g.sub(g.cast(g.dimension(rows, 0), "int32"), 1))
    const next = g.add(g.linear(g.unsqueeze(last, 0), twice), step)
    return load(
      { "more rows": g.concat([rows, next], 0), sum: g.sum(next), again: g.less(g.sum(next), 100) },
      {},
      { times: "times", again: "again", next: { rows: "more rows" } }
    )
  }
  const grown = async (times: number) =>
    (await growing())({
      rows: { shape: [1, 2], data: [1, 2] },
      step: { shape: [2], data: [0, 1] },
      times: { shape: [], data: [times] }
    })

  it("reads what it gave, gives the last of that, and all of what nobody reads again", async () => {
    assert.deepStrictEqual(await grown(3), {
      "more rows": { shape: [4, 2], data: [1, 2, 2, 5, 4, 11, 8, 23] },
      sum: { shape: [3], data: [7, 15, 31] }
    })
  })

  it("computes once what hangs on weights alone", () => {
    const state = g.input("state", "float32", [1, 2])
    const twice = g.weight("twice", "float32", [2, 2], doubling)
    const next = g.linear(state, g.concat([g.add(twice, 1), twice], 0))
    const [rows] = g.split(next, 1, [2, 2])
    if (rows === undefined) throw new Error("nothing was split")
    const { model } = serialize({
      name: "joined",
      outputs: { "next state": rows, again: g.less(g.sum(rows), 100) },
      repeat: { times: "times", again: "again", next: { state: "next state" } }
    })
    const { graph } = fromBinary(ModelProtoSchema, model)
    const typesOf = (nodes: ReadonlyArray<{ readonly opType: string }> = []) => nodes.map(({ opType }) => opType)
    const body = graph?.node.at(-1)?.attribute[0]?.g
    assert.deepStrictEqual(typesOf(graph?.node), ["Add", "Concat", "Loop"])
    assert.notIncludeMembers(typesOf(body?.node), ["Concat"])
    assert.include(typesOf(body?.node), "Split")
  })

  it("ends early where it says so", async () => {
    assert.deepStrictEqual((await grown(50))["sum"], { shape: [5], data: [7, 15, 31, 63, 127] })
  })
})
