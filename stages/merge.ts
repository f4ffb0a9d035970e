/** `merge` makes one plain model of a base and its adapters: a folder of files that other tools load. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Files, Model } from "../src/pipeline/Artifact.ts"
import { aModel, apply, someFiles, stage } from "../src/pipeline/Stage.ts"

const mergeStage = stage({
  name: "merge",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ element: Schema.Literals(["base", "float32"]) }),
  inputs: { model: aModel },
  outputs: { files: someFiles },
  run: ({ model }, options) =>
    Effect.gen(function* () {
      const { mergedFiles } = yield* Effect.promise(() => import("../src/model/merge.ts"))
      return { files: yield* mergedFiles(model, options) }
    })
})

/**
 * The model's files with its adapters merged into the weights, as PEFT's `merge_and_unload` does: config.json,
 * model.safetensors and the tokenizer. Weights keep the element type of the base, or become float32, in which nothing
 * of an adapter is rounded away. Weights pass through a few megabytes at a time.
 */
export const merge =
  ({ element = "base" }: { readonly element?: "base" | "float32" } = {}) =>
  (model: Model): Files =>
    apply(mergeStage, { config: { element }, inputs: { model }, schemas: {} }).files
