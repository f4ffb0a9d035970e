/** A forward pass gives the logits of transformers, whatever else is in the batch. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { linear } from "../../src/graph/build.ts"
import { serialize } from "../../src/graph/serialize.ts"
import { packedAttention } from "../../src/model/attention.ts"
import { hiddenStates, openModel } from "../../src/model/Model.ts"
import { packingFeeds, packingInputs, plainSequence } from "../../src/model/packing.ts"
import type { ModelReader } from "../../src/pipeline/Reader.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { distance, goldenModel, reference, Runtime } from "./support.ts"

/** Logits of every token of the rows, one after the other. */
const logitsOf = Effect.fn("logitsOf")(function*(reader: ModelReader, rows: ReadonlyArray<ReadonlyArray<number>>) {
  const model = yield* openModel(reader)
  const inputs = packingInputs()
  const { hidden } = hiddenStates(model, inputs, packedAttention(inputs, model.backbone.cache.size))
  const logits = linear(hidden, model.weight(model.backbone.outputWeight))
  const runtime = yield* OnnxRuntime
  const process = yield* runtime.acquire
  const session = yield* process.open(serialize({ name: "logits", outputs: { logits } }))
  const feeds = packingFeeds(rows.map((row) => plainSequence(Int32Array.from(row))))
  const result = (yield* session.run({ feeds, fetch: ["logits"] }))["logits"]
  return result?.element === "float32" ? Array.from(result.data) : []
})

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
