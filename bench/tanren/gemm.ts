/** The machine's own limit: one large float32 product, 1,024 x 3,072 by 3,072 x 3,072. Ends with { gigaflops }. */
import * as Effect from "effect/Effect"
import { add, gemm, input, sum } from "../../src/graph/build.ts"
import { serialize } from "../../src/graph/serialize.ts"
import { layerCpu } from "../../src/runtime/layer.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { float32 } from "../../src/model/packing.ts"

const [rows, inner, columns] = [1024, 3072, 3072]
const products = 10

const a = input("a", "float32", [rows, inner])
const b = input("b", "float32", [inner, columns])
// The products depend on each other, so that none can be left out; only their sum comes back.
let product = gemm(a, b)
for (let count = 1; count < products; count++) product = gemm(add(a, product), b)

const random = (size: number) => Float32Array.from({ length: size }, (_, index) => Math.sin(index) / 100)
const program = Effect.gen(function* () {
  const runtime = yield* OnnxRuntime
  const session = yield* (yield* runtime.acquire).open(
    serialize({ name: "products", outputs: { total: sum(product) } })
  )
  const feeds = {
    a: float32([rows, inner], random(rows * inner)),
    b: float32([inner, columns], random(inner * columns))
  }
  yield* session.run({ feeds, fetch: ["total"] })
  const begin = performance.now()
  yield* session.run({ feeds, fetch: ["total"] })
  return performance.now() - begin
})
const milliseconds = await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(layerCpu)))
console.log(JSON.stringify({ gigaflops: (products * 2 * rows * inner * columns) / milliseconds / 1e6 }))
