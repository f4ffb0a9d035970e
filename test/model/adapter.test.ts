/** Adapters are PEFT's in every byte that matters, and what is not plain LoRA is refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { adapterFiles, readAdapter } from "../../src/model/adapter.ts"
import { initialAdapter, matchTargets, scaleOf } from "../../src/model/lora.ts"
import { openModel } from "../../src/model/Model.ts"
import { readSafetensors } from "../../src/model/weights/safetensors.ts"
import { goldenFolder, goldenModel, memoryReader } from "./support.ts"

const lora = { rank: 4, alpha: 16, dropout: 0.05, targets: ["query_key_value"], rankStabilized: false }
const modulesOf = Effect.map(openModel(goldenModel("parallel")), ({ backbone }) => backbone.modules)
const text = (content: Uint8Array | undefined) => new TextDecoder().decode(content)
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))

describe("an adapter", () => {
  it.effect("has the tensors that PEFT gives it, and reads back", () =>
    Effect.gen(function* () {
      const modules = yield* modulesOf
      const files = adapterFiles(
        lora,
        initialAdapter(yield* matchTargets(modules, lora.targets), 4, 1),
        "tiny/parallel"
      )
      const [ours, theirs] = yield* Effect.all(
        [memoryReader(files), goldenFolder("parallel", "initial")].map((reader) =>
          readSafetensors(reader, "adapter_model.safetensors")
        )
      )
      assert.deepStrictEqual(
        [...(ours ?? [])].map(([name, { element, shape }]) => [name, element, shape]).toSorted(),
        [...(theirs ?? [])].map(([name, { element, shape }]) => [name, element, shape]).toSorted()
      )
      const factors = yield* readAdapter(memoryReader(files), modules, 0)
      assert.deepStrictEqual(
        [...factors.values()].map(({ scale }) => scale),
        [4, 4]
      )
      const config = JSON.parse(text(files["adapter_config.json"]))
      assert.deepInclude(config, { peft_type: "LORA", r: 4, lora_alpha: 16, base_model_name_or_path: "tiny/parallel" })
    })
  )

  it.effect("is refused when it is not plain LoRA, or not of this model", () =>
    Effect.gen(function* () {
      const modules = yield* modulesOf
      const files = adapterFiles(lora, initialAdapter(yield* matchTargets(modules, lora.targets), 4, 1), null)
      const config = JSON.parse(text(files["adapter_config.json"]))
      const refusal = (changes: object, on = modules) =>
        Effect.map(
          Effect.flip(
            readAdapter(memoryReader({ ...files, "adapter_config.json": bytes({ ...config, ...changes }) }), on, 0)
          ),
          ({ message }) => message
        )
      assert.match(yield* refusal({ use_dora: true }), /"use_dora" is true/)
      assert.match(yield* refusal({ rank_pattern: { dense: 8 } }), /"rank_pattern"/)
      assert.match(yield* refusal({ modules_to_save: ["embed_out"] }), /"modules_to_save"/)
      assert.match(yield* refusal({ peft_type: "IA3" }), /not a LoRA config/)
      assert.match(yield* refusal({ r: 8 }), /imply \[8, 32\]/)
      assert.match(yield* refusal({}, modules.slice(0, 1)), /belongs to no linear layer/)
    })
  )
})

describe("targets", () => {
  it.effect("match whole names at the end of a path, as PEFT does", () =>
    Effect.gen(function* () {
      const modules = yield* modulesOf
      const paths = (targets: ReadonlyArray<string>) =>
        Effect.map(matchTargets(modules, targets), (matched) => matched.map(({ path }) => path))
      assert.deepStrictEqual(yield* paths(["dense"]), [
        "gpt_neox.layers.0.attention.dense",
        "gpt_neox.layers.1.attention.dense"
      ])
      assert.deepStrictEqual(yield* paths(["layers.1.attention.dense"]), ["gpt_neox.layers.1.attention.dense"])
      assert.match((yield* Effect.flip(paths(["dense", "q_proj"]))).message, /"q_proj".*query_key_value/s)
    })
  )
})

describe("first values", () => {
  it.effect("are uniform in ±1/sqrt(inputs) and zero", () =>
    Effect.gen(function* () {
      const modules = yield* matchTargets(yield* modulesOf, ["query_key_value"])
      const [a, b] = [...initialAdapter(modules, 64, 1).values()]
      const values = Array.from(a?.data ?? [])
      const bound = 1 / Math.sqrt(32)
      assert.isTrue(values.every((value) => Math.abs(value) <= bound))
      const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length
      assert.closeTo(variance / ((bound * bound) / 3), 1, 0.1)
      assert.isTrue(b?.data.every((value) => value === 0))
      assert.notDeepEqual(initialAdapter(modules, 64, 2), initialAdapter(modules, 64, 1))
      assert.strictEqual(scaleOf({ alpha: 16, rank: 4, rankStabilized: true }), 8)
    })
  )
})
