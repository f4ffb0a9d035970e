/** The machine's own limit for reading: the largest of 512 MiB of float32, four times over. Ends with { gigabytes } a second. */
import * as Effect from "effect/Effect"
import { input, max } from "../../src/graph/build.ts"
import { serialize } from "../../src/graph/serialize.ts"
import { float32 } from "../../src/model/packing.ts"
import { layerCpu } from "../../src/runtime/layer.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"

const [rows, columns] = [1024, 2 ** 17]
const passes = 4

const program = Effect.gen(function* () {
  const runtime = yield* OnnxRuntime
  const process = yield* runtime.acquire
  const largest = max(max(input("values", "float32", [rows, columns]), 1))
  const session = yield* process.open(serialize({ name: "reading", outputs: { largest } }))
  yield* process.put({ values: float32([rows, columns], new Float32Array(rows * columns).fill(1)) })
  const read = session.run({ feeds: {}, resident: { values: "values" }, fetch: ["largest"] })
  yield* read
  const begin = performance.now()
  yield* Effect.repeat(read, { times: passes - 1 })
  return performance.now() - begin
})
const milliseconds = await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(layerCpu)))
console.log(JSON.stringify({ gigabytes: (passes * 4 * rows * columns) / milliseconds / 1e6 }))
