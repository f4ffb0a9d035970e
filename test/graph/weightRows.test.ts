/** Rows of a weight are those that its file has there. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, describe, it } from "vitest"
import { cast, weight } from "../../src/graph/build.ts"
import { weightRows } from "../../src/graph/weightRows.ts"
import { load, wave } from "./evaluate.ts"

const folder = mkdtempSync(join(tmpdir(), "rows-"))
afterAll(() => rmSync(folder, { recursive: true }))

const file = join(folder, "weights")
const values = Float32Array.from({ length: 12 }, (_, at) => at)
// The tensor begins at the second byte: files align nothing.
writeFileSync(file, Buffer.concat([Buffer.of(0), Buffer.from(values.buffer)]))
const stored = weight("w", "float32", [4, 3], { file, offset: 1, length: 48 })

const rowsOf = async (x: typeof stored) => (await (await load({ y: x }))())["y"]

describe("rows of a weight", () => {
  it("are read from the middle of the file, beside the whole", async () => {
    const evaluated = await load({ some: weightRows(stored, 1, 3), all: cast(stored, "float32") })
    const { all, some } = await evaluated()
    assert.deepStrictEqual(some, { shape: [2, 3], data: [3, 4, 5, 6, 7, 8] })
    assert.deepStrictEqual(all?.data, [...values])
  })

  it("are converted as the weight is, and are a weight themselves", async () => {
    const half = weightRows(cast(stored, "float16"), 2, 4)
    assert.strictEqual(half.element, "float16")
    assert.strictEqual(half.producer.kind, "operator")
    assert.deepStrictEqual((await rowsOf(cast(half, "float32")))?.data, [6, 7, 8, 9, 10, 11])
  })

  it("of what is computed are a slice", async () => {
    const { data, shape } = wave([4, 3])
    const run = await load({
      y: weightRows({ element: "float32", shape, producer: { kind: "input", name: "x" } }, 1, 2)
    })
    assert.deepStrictEqual((await run({ x: { data, shape } }))["y"], {
      shape: [1, 3],
      data: Array.from(Float32Array.from(data.slice(3, 6)))
    })
  })
})
