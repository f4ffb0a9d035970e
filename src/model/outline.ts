/** A model as estimates see it: from its config and the sizes of its files, of which the weights may not be here. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FilesReader, ModelReader, StageFailure } from "../pipeline/Reader.ts"
import { backboneOf } from "./architecture.ts"
import { readConfig } from "./config.ts"
import type { ModelUnsupported, TargetMissing } from "./Errors.ts"
import { type AdapterOutline, configFile, type Model, outlineModel, readJson } from "./Model.ts"
import type { Precision } from "./precision.ts"

const weightFile = /\.(safetensors|bin)$/

const elements = (shape: ReadonlyArray<number>): number => shape.reduce((all, size) => all * size, 1)

const AdapterFields = Schema.Struct({ r: Schema.Int, target_modules: Schema.Array(Schema.String) })

const adapterOutline = (files: FilesReader): Effect.Effect<AdapterOutline, StageFailure> =>
  Effect.map(readJson(files, "adapter_config.json"), (json) =>
    Schema.is(AdapterFields)(json) ? { rank: json.r, targets: json.target_modules } : { rank: 0, targets: [] }
  )

/**
 * The model behind a reader, to be computed in a precision. Reads its config and those of its adapters, which must be here;
 * whether weights have two bytes or four an element is told by the sizes of their files.
 */
export const outlineOf = Effect.fn("outlineOf")(function* (
  reader: ModelReader,
  precision: Precision = "float32"
): Effect.fn.Return<Model, ModelUnsupported | TargetMissing | StageFailure> {
  const config = yield* readConfig(configFile, yield* readJson(reader.base, configFile))
  const count = [...backboneOf(config).weights.values()].reduce((all, shape) => all + elements(shape), 0)
  const bytes = reader.base.entries.reduce((all, { path, size }) => (weightFile.test(path) ? all + size : all), 0)
  const adapters = yield* Effect.forEach(reader.adapters, adapterOutline)
  const written = adapters.filter(({ rank }) => rank > 0)
  return yield* outlineModel(config, bytes / count < 3 ? "float16" : "float32", precision, written)
})
