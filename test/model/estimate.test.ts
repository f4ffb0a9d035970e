/** What training and scoring take by estimate, against sums done by hand, and how options move it. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assert, describe } from "vitest"
import { scoringTakes, trainingTakes, withPackedWeights } from "../../src/model/estimate.ts"
import { packedBytes, wantedFor } from "../../src/model/generationGraphs.ts"
import { matchTargets } from "../../src/model/lora.ts"
import { outlineOf } from "../../src/model/outline.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { filesInMemory } from "../../stages/estimates/filesInMemory.ts"

const [hidden, layers, intermediate, vocabulary] = [256, 4, 512, 1000]
const config = {
  model_type: "llama",
  hidden_size: hidden,
  num_hidden_layers: layers,
  num_attention_heads: 4,
  intermediate_size: intermediate,
  vocab_size: vocabulary,
  max_position_embeddings: 512,
  hidden_act: "silu"
}
const perLayer = 4 * hidden * hidden + 3 * hidden * intermediate
const matrices = layers * perLayer + vocabulary * hidden
/** What is mapped: of embeddings, rows are read. */
const mapped = matrices + (2 * layers + 1) * hidden
const parameters = mapped + vocabulary * hidden

/** A model of which there are the config and the sizes of its files: no weights. */
const reader = (bytesAnElement: number) => ({
  base: filesInMemory(
    { "config.json": new TextEncoder().encode(JSON.stringify(config)) },
    { "model.safetensors": bytesAnElement * parameters }
  ),
  adapters: []
})

const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 4,
  alpha: 8,
  targets: ["q_proj", "v_proj"],
  epochs: 2,
  batchSize: 16,
  learningRate: 1e-3,
  seed: 1
}

const rows = Array.from({ length: 64 }, () => ({ ids: new Int32Array(32), promptTokens: 8 }))

const training = (changed: Partial<TrainingOptions>, bytesAnElement = 4) =>
  Effect.gen(function* () {
    const all = { ...options, ...changed }
    const model = yield* outlineOf(reader(bytesAnElement), all.precision)
    const modules = yield* matchTargets(model.backbone.modules, all.targets)
    return trainingTakes({ model, modules, options: all }, rows, 640, null)
  })

/** Within a share of what is expected. */
const near = (found: number, expected: number, share: number) =>
  assert.approximately(found, expected, share * expected, `${found}, expected about ${expected}`)

describe("scoring", () => {
  it.effect("takes two operations a token for each element of a matrix, and attention beside it", () =>
    Effect.gen(function* () {
      const model = yield* outlineOf(reader(4))
      const texts = Array.from({ length: 40 }, () => ({ tokens: 32, labels: 32 }))
      const taken = scoringTakes(model, texts, 256, 40)
      assert.strictEqual(taken.tokens, 40 * 32)
      const attention = 40 * layers * 2 * 2 * 32 * 32 * hidden
      near(taken.flop, 2 * matrices * 40 * 32 + attention, 0.01)
      assert.strictEqual(taken.memory.weights, 4 * mapped)
    })
  )

  it.effect("of a model in half precision holds its weights in both", () =>
    Effect.gen(function* () {
      const { memory } = scoringTakes(yield* outlineOf(reader(2)), [{ tokens: 32, labels: 32 }], 256, 1)
      assert.deepInclude(memory, { weights: 2 * mapped, converted: 4 * mapped, replaced: 2 * mapped })
    })
  )

  it.effect("with packed weights holds matrices as a copy, and only the rest in files", () =>
    Effect.gen(function* () {
      const text = [{ tokens: 32, labels: 32 }]
      const model = yield* outlineOf(reader(4))
      const { memory } = scoringTakes(model, text, 256, 1)
      const packed = withPackedWeights(model, "logits", memory)
      assert.deepInclude(packed, { weights: 4 * (parameters - matrices), converted: 4 * matrices })
      // A loop's weights are packed while all of them are there.
      assert.deepInclude(withPackedWeights(model, "likeliest run", memory), {
        weights: 4 * parameters,
        converted: 4 * matrices
      })
      const half = yield* outlineOf(reader(2))
      const converted = scoringTakes(half, text, 256, 1).memory
      const all = { weights: 2 * parameters, converted: 4 * parameters, replaced: 2 * parameters }
      assert.deepStrictEqual(withPackedWeights(half, "logits", converted), { ...converted, ...all })
      const both = { ...converted, ...all, converted: 4 * (parameters + matrices) }
      assert.deepStrictEqual(withPackedWeights(half, "likeliest run", converted), both)
    })
  )
})

describe("likeliest tokens", () => {
  it.effect("are written many in a call by a model of which two copies are little", () =>
    Effect.gen(function* () {
      const { backbone, config } = yield* outlineOf(reader(4))
      const greedy = { repetitionPenalty: 1, sampling: null }
      const small = { backbone, config }
      assert.strictEqual(packedBytes(small), 4 * matrices)
      assert.strictEqual(wantedFor(greedy, small), "likeliest run")
      const large = { backbone, config: { ...config, vocabulary: 2 ** 24, hidden: 2 ** 10 } }
      assert.strictEqual(wantedFor(greedy, large), "likeliest")
      assert.strictEqual(wantedFor({ ...greedy, repetitionPenalty: 1.1 }, small), "logits")
    })
  )
})

describe("training", () => {
  it.effect("takes about twice a forward pass, for all rows and epochs", () =>
    Effect.gen(function* () {
      const taken = yield* training({})
      assert.strictEqual(taken.tokens, 2 * 640 * 32)
      near(taken.flop, 2 * 2 * matrices * taken.tokens, 0.15)
    })
  )

  it.effect("holds less when layers are computed again, for more arithmetic", () =>
    Effect.gen(function* () {
      const [kept, again] = [yield* training({}), yield* training({ recomputation: "layers" })]
      assert.isBelow(again.memory.activations, 0.8 * kept.memory.activations)
      near(again.flop, 1.4 * kept.flop, 0.15)
    })
  )

  it.effect("holds less in smaller micro-batches and in half precision, for the same arithmetic", () =>
    Effect.gen(function* () {
      const [large, small] = [yield* training({ microBatchTokens: 256 }), yield* training({ microBatchTokens: 64 })]
      assert.isBelow(small.memory.activations, 0.6 * large.memory.activations)
      near(small.flop, large.flop, 0.01)
      const half = yield* training({ microBatchTokens: 256, precision: "float16" }, 2)
      assert.isBelow(half.memory.weights, 0.51 * large.memory.weights)
      assert.isBelow(half.memory.activations, large.memory.activations)
    })
  )
})
