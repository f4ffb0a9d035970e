/** A forward pass gives the logits of transformers, whatever else is in the batch. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { distance, goldenModel, logitsOf, reference, Runtime } from "./support.ts"

layer(Runtime)("a forward pass", (it) => {
  for (const name of ["parallel", "sequential", "llama"] as const) {
    it.effect(`has the logits of transformers: ${name}`, () =>
      Effect.gen(function*() {
        const { logits, rows } = reference(name)
        const together = yield* logitsOf(goldenModel(name), rows.slice(0, 3))
        assert.isBelow(distance(together, logits.flat(2)), 1e-4)
        const alone = yield* logitsOf(goldenModel(name), rows.slice(1, 2))
        assert.isBelow(distance(alone, logits[1]?.flat() ?? []), 1e-4)
      }))
  }

  it.effect("has the logits of PEFT under an adapter", () =>
    Effect.gen(function*() {
      const { rows, training } = reference("parallel")
      const tuned = yield* logitsOf(goldenModel("parallel", "trained-token"), rows.slice(0, 1))
      assert.isBelow(distance(tuned, training?.token.logits.flat() ?? []), 1e-4)
    }))
})
