/** Keeps state after state in the store of the first argument until it is killed. */
import * as Effect from "effect/Effect"
import { Store } from "../../../src/store/Store.ts"
import { bytes, key } from "../stores.ts"

const forever = Effect.gen(function* () {
  const { checkpoints } = yield* Store
  for (let position = 1; ; position++) {
    const state = Array.from({ length: 10 }, () => bytes(`${position} `.repeat(10_000)))
    yield* checkpoints.keep({ lineage: key("lineage"), key: key("a") }, position, state)
    if (position === 1) process.stdout.write("keeping\n")
  }
})

await Effect.runPromise(Effect.provide(forever, Store.layer(process.argv[2] ?? "")))
