/** `adapt` puts a published PEFT adapter on a model: the result is what a training would have given. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Files, Model } from "../src/pipeline/Artifact.ts"
import { aModel, apply, someFiles, stage } from "../src/pipeline/Stage.ts"

/** An adapter's config, and its weights in one of PEFT's two formats. */
const adapterFiles = ["adapter_config.json", { firstOf: ["adapter_model.safetensors", "adapter_model.bin"] }]

const adaptStage = stage({
  name: "adapt",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({}),
  inputs: { base: aModel, adapter: someFiles },
  outputs: { model: aModel },
  run: ({ adapter, base }) =>
    Effect.gen(function* () {
      const files: Record<string, Uint8Array> = {}
      for (const { path } of adapter.entries) files[path] = yield* adapter.bytes(path)
      return { model: { from: base, adapter: files } }
    })
})

/** Where an adapter comes from: a repository of the Hub at a revision, or a folder beside the pipeline file. */
export type AdapterSource = { readonly id: string; readonly revision: string } | { readonly folder: string }

const filesOf = (source: AdapterSource): Files => ({
  kind: "files",
  origin:
    "folder" in source
      ? {
          kind: "external",
          folder: source.folder,
          patterns: ["adapter_config.json", "adapter_model.{safetensors,bin}"]
        }
      : { kind: "hub", repository: "model", ...source, patterns: adapterFiles }
})

/** The model under one more adapter, as PEFT's `PeftModel.from_pretrained` gives it. */
export const adapted = (base: Model, adapter: AdapterSource): Model =>
  apply(adaptStage, {
    config: {},
    inputs: { base, adapter: filesOf(adapter) },
    schemas: {},
    label: `adapt: ${nameOf(adapter)}`
  }).model

const nameOf = (source: AdapterSource): string => ("folder" in source ? source.folder : source.id)
