/** Where the number of threads is said to decide no bit of a product, it decides none. */
import { assert, describe, it } from "vitest"
import { availableParallelism } from "node:os"
import { gemm, input, matmul } from "../../src/graph/build.ts"
import type { Product } from "../../src/runtime/OnnxRuntime.ts"
import { isAlike } from "../../src/runtime/products.ts"
import { threadsFor } from "../../src/runtime/provider.ts"
import { load, type Numbers } from "../graph/evaluate.ts"

const most = 8
const product = (sizes: Partial<Product>): Product => ({
  count: 1,
  rows: undefined,
  inner: undefined,
  columns: undefined,
  ...sizes
})

/** Numbers whose sums are rounded. */
const waves = (speed: number, ...shape: ReadonlyArray<number>): Numbers => ({
  shape,
  data: Array.from({ length: shape.reduce((all, size) => all * size, 1) }, (_, at) => Math.sin(speed * at))
})

type Sizes = readonly [rows: number, inner: number, columns: number]

/** The product on so many threads, by each of the operators that the runtime has for it. */
const results = async (threads: number, ...[rows, inner, columns]: Sizes) => {
  const a = input("a", "float32", ["rows", inner])
  const b = input("b", "float32", [inner, columns])
  const turned = input("turned", "float32", [columns, inner])
  const outputs = { byMatMul: matmul(a, b), byGemm: gemm(a, turned, { transB: true }) }
  const run = await load(outputs, { intraOpNumThreads: threads })
  return run({ a: waves(0.3, rows, inner), b: waves(0.7, inner, columns), turned: waves(1.1, columns, inner) })
}

describe("a product by many columns, or of few numbers", { timeout: 60_000 }, () => {
  const alike: ReadonlyArray<Sizes> = [
    [1, 700, 640],
    [9, 700, 640],
    [300, 700, 641],
    [700, 700, 640],
    [30, 128, 200],
    [11, 2048, 8],
    [40, 2048, 8]
  ]
  it("is said to be alike, whatever the number of its rows", () => {
    for (const [, inner, columns] of alike) assert.isTrue(isAlike(product({ inner, columns }), most))
    assert.isTrue(isAlike(product({ rows: 4, columns: 768 }), most))
    assert.isTrue(isAlike(product({ rows: 768, columns: 4 }), most))
    assert.isTrue(isAlike(product({ count: 8, columns: 64 }), most))
  })

  it("has the same bits on any number of threads", async () => {
    for (const sizes of alike) {
      const expected = await results(1, ...sizes)
      for (const threads of [2, 3, most]) assert.deepStrictEqual(await results(threads, ...sizes), expected)
    }
  })
})

describe("any other product", { timeout: 60_000 }, () => {
  it("is not said to be alike", () => {
    const others: ReadonlyArray<Partial<Product>> = [
      {},
      { inner: 700, columns: 639 },
      { inner: 700, columns: 128 },
      { inner: 4096, columns: 8 },
      { columns: 8 },
      { inner: 700, rows: 100 },
      { count: 7, inner: 700 }
    ]
    for (const sizes of others) assert.isFalse(isAlike(product(sizes), most))
  })

  // By the runtime's kernels for this kind of processor.
  it.runIf(process.arch === "x64")("may have other bits on another number of threads", async () => {
    const others: ReadonlyArray<Sizes> = [
      [40, 700, 128],
      [9, 4096, 8]
    ]
    for (const sizes of others) {
      assert.notDeepEqual(await results(most, ...sizes), await results(1, ...sizes))
    }
  })
})

describe("the threads of a session", () => {
  const large = { weights: "in files", bytes: 2 ** 30 } as const
  const cores = process.arch === "x64" ? Math.min(most, availableParallelism()) : most

  it("are no more than cores if that decides nothing, else as many as are asked for", () => {
    assert.strictEqual(threadsFor({ ...large, products: [product({ columns: 640 })] }, most), cores)
    assert.strictEqual(threadsFor({ ...large, products: [] }, most), cores)
    assert.strictEqual(threadsFor({ ...large, products: [product({ columns: 640 }), product({})] }, most), most)
    assert.strictEqual(threadsFor(large, most), most)
  })
})
