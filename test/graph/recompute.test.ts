/** What is recomputed has the same bits, is really computed twice, and leaves nothing alive but what it was made from. */
import { assert, describe, it } from "@effect/vitest"
import { fromBinary } from "@bufbuild/protobuf"
import { ModelProtoSchema } from "onnx-buf"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { gradients } from "../../src/graph/autodiff.ts"
import * as g from "../../src/graph/build.ts"
import type { Tensor } from "../../src/graph/Operator.ts"
import { recompute } from "../../src/graph/recompute.ts"
import type { Dimension } from "../../src/graph/Tensor.ts"
import { load, wave } from "./evaluate.ts"
import type { Feeds } from "./evaluate.ts"

type Apply = (f: (x: Tensor) => Tensor, x: Tensor) => Tensor
const once: Apply = (f, x) => f(x)

/** Three layers that share a mask: a product, an activation, dropout of which the mask depends on no hidden state. */
const network = (apply: Apply, rows: Dimension) => {
  const x = g.input("x", "float32", [rows, 4])
  const keys = g.input("keys", "float32", [rows, 1])
  const w = g.input("w", "float32", [4, 4])
  const mask = g.input("mask", "float32", [4])
  const factors = [0, 1, 2].map((layer) => g.input(`a${layer}`, "float32", [4, 4]))
  const layer = (a: Tensor) => (x: Tensor) => {
    const dropped = g.mul(x, g.where(g.less(g.mul(keys, g.slice(a, 0, 0, 1)), 0.1), 0, 1.25))
    return g.add(g.gelu(g.gemm(g.linear(dropped, a), w, { plus: g.mul(x, mask) })), x)
  }
  const loss = g.sum(
    g.pow(
      factors.reduce((x, a) => apply(layer(a), x), x),
      2
    )
  )
  const wrt = [...factors, mask, w, x]
  return Object.fromEntries([loss, ...gradients(loss, wrt)].map((tensor, index) => [`result ${index}`, tensor]))
}

const feeds = (rows: number): Feeds => ({
  x: wave([rows, 4]),
  keys: wave([rows, 1], 1),
  w: wave([4, 4], 2),
  mask: wave([4], 3),
  ...Object.fromEntries([0, 1, 2].map((layer) => [`a${layer}`, wave([4, 4], 4 + layer)]))
})

/** The graph that the runtime makes of this one at its usual level: values by the operators that make them. */
const optimized = async (outputs: Readonly<Record<string, Tensor>>) => {
  const folder = mkdtempSync(join(tmpdir(), "graph-"))
  try {
    const path = join(folder, "optimized.onnx")
    await load(outputs, { graphOptimizationLevel: "basic", optimizedModelFilePath: path })
    return fromBinary(ModelProtoSchema, readFileSync(path)).graph?.node ?? []
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe.each([
  ["named", "rows"],
  ["fixed", 3]
] as const)("three layers of %s sizes", (_, rows) => {
  it("have the same values and gradients to the bit, of all that they read", async () => {
    const kept = await load(network(once, rows))
    const again = await load(network(recompute, rows))
    for (const size of rows === "rows" ? [3, 7] : [3]) {
      assert.deepStrictEqual(await again(feeds(size)), await kept(feeds(size)))
    }
  })

  it("are computed twice, and none of the first time's values is read the second time", async () => {
    const forward = await optimized({ loss: network(once, rows)["result 0"] ?? assert.fail("no loss") })
    const kept = await optimized(network(once, rows))
    const again = await optimized(network(recompute, rows))
    const count = (nodes: typeof again, type: string) => nodes.filter((node) => node.opType === type).length
    for (const type of ["Gemm", "Gelu", "Where"]) {
      assert.isAbove(count(forward, type), 0)
      assert.strictEqual(count(again, type) - count(kept, type), type === "Gelu" ? 0 : count(forward, type), type)
    }
    const made = new Set(forward.flatMap((node) => node.output))
    const late = (nodes: typeof again) => {
      const backward = nodes.filter((node) => !node.output.some((name) => made.has(name)))
      return backward.filter((node) => node.input.some((name) => made.has(name))).map((node) => node.opType)
    }
    // Layers begin anew by a Reshape; the loss, a power and a sum, is outside of them.
    const outside = ["Reshape", "Shape", "Pow", "ReduceSum"]
    assert.includeMembers(outside, late(again))
    assert.includeMembers(late(kept), ["Gemm", "Mul"])
  })
})
