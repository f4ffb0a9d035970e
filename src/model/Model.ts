/** A model opened for computing: its config, and its weights and adapters as symbols that point into their files. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { linear } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import type { FilesReader, ModelReader, StageFailure } from "../pipeline/Reader.ts"
import { type FrozenAdapter, readAdapter } from "./adapter.ts"
import { type ApplyLinear, type Backbone, backboneOf, type Hidden, type Parts, type Tokens } from "./architecture.ts"
import type { Attend } from "./attention.ts"
import { type ModelConfig, readConfig } from "./config.ts"
import { type ModelFailure, ModelUnsupported } from "./Errors.ts"
import { withLora } from "./lora.ts"
import type { Precision } from "./precision.ts"
import { storedSymbol } from "./weights/symbol.ts"
import { checkWeights, readWeights, type Weights } from "./weights/Weights.ts"

/** A base model under its frozen adapters. */
export interface Model {
  readonly config: ModelConfig
  readonly backbone: Backbone
  /** The weight of a name in the model's precision; one symbol a name. */
  readonly weight: (name: string) => Tensor
  /** Linear layers with all adapters of the model. */
  readonly linear: ApplyLinear
}

/** What a model folder calls its config. */
export const configFile = "config.json"

/** The parsed content of a JSON file. */
export const readJson = Effect.fn("readJson")(function* (
  files: FilesReader,
  path: string
): Effect.fn.Return<unknown, ModelUnsupported | StageFailure> {
  const text = new TextDecoder().decode(yield* files.bytes(path))
  return yield* Effect.mapError(
    Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Unknown))(text),
    () => new ModelUnsupported({ file: path, field: "the whole file", found: "not JSON", supported: "a JSON object" })
  )
})

const symbols = (
  files: FilesReader,
  backbone: Backbone,
  weights: Weights,
  precision: Precision
): ReadonlyMap<string, Tensor> =>
  new Map(
    [...backbone.weights.keys()].flatMap((name): ReadonlyArray<readonly [string, Tensor]> => {
      const tensor = weights.get(name)
      return tensor === undefined ? [] : [[name, storedSymbol(files, name, tensor, precision)]]
    })
  )

const makeModel = (
  config: ModelConfig,
  backbone: Backbone,
  tensors: ReadonlyMap<string, Tensor>,
  adapters: ReadonlyArray<FrozenAdapter>
): Model => {
  const weightOf = (name: string): Tensor => {
    const tensor = tensors.get(name)
    if (tensor === undefined) throw new Error(`internal: the architecture reads "${name}" without having declared it`)
    return tensor
  }
  const plain: ApplyLinear = (path, x) => linear(x, weightOf(`${path}.weight`), tensors.get(`${path}.bias`))
  return {
    config,
    backbone,
    weight: weightOf,
    linear: adapters.reduce((below, adapter) => withLora(below, adapter), plain)
  }
}

/**
 * Opens a model, to be computed in a precision whatever that of its files. Reads configs and headers, no weights: those
 * the runtime maps from their files.
 */
export const openModel = Effect.fn("openModel")(function* (
  reader: ModelReader,
  precision: Precision = "float32"
): Effect.fn.Return<Model, ModelFailure> {
  const config = yield* readConfig(configFile, yield* readJson(reader.base, configFile))
  const backbone = backboneOf(config)
  const weights = yield* readWeights(reader.base)
  yield* checkWeights(weights, backbone.weights)
  const adapters = yield* Effect.forEach(reader.adapters, (files, index) => readAdapter(files, backbone.modules, index))
  return makeModel(config, backbone, symbols(reader.base, backbone, weights, precision), adapters)
})

/** Hidden states of tokens, [tokens, hidden], and every layer's keys and values. */
export const hiddenStates = (
  { backbone, linear, weight }: Model,
  tokens: Tokens,
  attend: Attend,
  parts: Partial<Parts> = {}
): Hidden => backbone.forward({ weight, attend, linear, layer: (layer, x) => layer(x), ...parts }, tokens)
