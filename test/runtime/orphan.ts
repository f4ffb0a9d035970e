/** Starts a run that never ends: a program for a test to kill. */
import * as Effect from "effect/Effect"
import { layerCpu } from "../../src/runtime/layer.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { endless, float32 } from "./models.ts"

const main = Effect.gen(function* () {
  const runtime = yield* OnnxRuntime
  const session = yield* Effect.flatMap(runtime.acquire, (process) => process.open(endless))
  yield* session.run({ feeds: { x: float32([1], [0]) }, fetch: ["y"] })
})

await Effect.runPromise(main.pipe(Effect.scoped, Effect.provide(layerCpu)))
