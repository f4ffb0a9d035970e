/** A model opened for computing: its config, and its weights and adapters as symbols that point into their files. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { cast, concat, linear, split, storedRows, weight } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import type { FilesReader, ModelReader, StageFailure } from "../pipeline/Reader.ts"
import { type FrozenAdapter, readAdapter } from "./adapter.ts"
import {
  type ApplyLinear,
  type ApplyLinears,
  type Backbone,
  backboneOf,
  type Hidden,
  type Parts,
  type Tokens
} from "./architecture.ts"
import type { Attend } from "./attention.ts"
import { type ModelConfig, readConfig } from "./config.ts"
import { type ModelFailure, ModelUnsupported, type TargetMissing } from "./Errors.ts"
import { matchTargets, withLora } from "./lora.ts"
import type { Precision } from "./precision.ts"
import { storedRowsSymbol, storedSymbol } from "./weights/symbol.ts"
import { checkWeights, readWeights, type Weights } from "./weights/Weights.ts"

/** A base model under its frozen adapters. */
export interface Model {
  readonly config: ModelConfig
  readonly backbone: Backbone
  /** The weight of a name in the model's precision; one symbol a name. */
  readonly weight: (name: string) => Tensor
  /**
   * The vectors of tokens whose ids are fed, read from their file at each run: of a weight to gather them from, the system
   * would map far more around each of them.
   */
  readonly embed: Parts["embed"]
  /** Linear layers with all adapters of the model. */
  readonly linear: ApplyLinear
  /**
   * The same, layers that read the same as one product of their weights joined. For few rows that is faster; but the
   * runtime joins weights in memory, where those of single layers stay in their files.
   */
  readonly joined: ApplyLinears
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

/** The value of a name that is there: the architecture has declared what it reads. */
const named = <A>(values: ReadonlyMap<string, A>, name: string): A => {
  const value = values.get(name)
  if (value === undefined) throw new Error(`internal: the architecture reads "${name}" without having declared it`)
  return value
}

const makeModel = (
  config: ModelConfig,
  backbone: Backbone,
  tensors: ReadonlyMap<string, Tensor>,
  embed: Parts["embed"],
  adapters: ReadonlyArray<FrozenAdapter>
): Model => {
  const weightOf = (name: string): Tensor => named(tensors, name)
  const adapted = (plain: ApplyLinear): ApplyLinear =>
    adapters.reduce((below, adapter) => withLora(below, adapter), plain)
  const joined: ApplyLinears = (paths, x) => {
    const weights = paths.map((path) => weightOf(`${path}.weight`))
    const biases = paths.flatMap((path) => tensors.get(`${path}.bias`) ?? [])
    if (biases.length % paths.length !== 0) throw new Error(`internal: of ${paths.join()} not all have a bias`)
    const product = linear(x, concat(weights, 0), biases.length === 0 ? undefined : concat(biases, 0))
    const parts = split(
      product,
      1,
      weights.map(({ shape: [outputs = 0] }) => outputs)
    )
    return parts.map((part, index) => adapted(() => part)(paths[index] ?? "", x))
  }
  return {
    config,
    backbone,
    weight: weightOf,
    embed,
    linear: adapted((path, x) => linear(x, weightOf(`${path}.weight`), tensors.get(`${path}.bias`))),
    joined
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
  const embed = storedRowsSymbol(reader.base, named(weights, backbone.embedding), precision)
  return makeModel(config, backbone, symbols(reader.base, backbone, weights, precision), embed, adapters)
})

/** An adapter of which no more is known than how it would be made. */
export interface AdapterOutline {
  readonly rank: number
  readonly targets: ReadonlyArray<string>
}

/**
 * A model of a config as `openModel` would give it for weights of an element type, without any weights: enough to tell
 * what computing it takes, and nothing that could be computed.
 */
export const outlineModel = Effect.fn("outlineModel")(function* (
  config: ModelConfig,
  stored: "float32" | "float16",
  precision: Precision,
  adapters: ReadonlyArray<AdapterOutline>
): Effect.fn.Return<Model, TargetMissing> {
  const backbone = backboneOf(config)
  const outline = (name: string, element: "float32" | "float16", shape: ReadonlyArray<number>) =>
    weight(name, element, shape, {
      file: "",
      offset: 0,
      length: shape.reduce((all, size) => all * size, element === "float16" ? 2 : 4)
    })
  const tensors = new Map(
    [...backbone.weights].map(([name, shape]) => [name, cast(outline(name, stored, shape), precision)])
  )
  const frozen = yield* Effect.forEach(adapters, ({ rank, targets }, position) =>
    Effect.map(
      matchTargets(backbone.modules, targets),
      (modules): FrozenAdapter =>
        new Map(
          modules.map(({ inputs, outputs, path }) => {
            const matrix = (name: string, shape: ReadonlyArray<number>) =>
              outline(`adapter ${position}: ${path}: ${name}`, "float32", shape)
            return [path, { a: matrix("a", [rank, inputs]), b: matrix("b", [outputs, rank]), scale: 1 }]
          })
        )
    )
  )
  const matrix = { file: "", offset: 0, element: stored, rows: config.vocabulary, columns: config.hidden }
  const embed: Parts["embed"] = (ids) => cast(storedRows(matrix, ids), precision)
  return makeModel(config, backbone, tensors, embed, frozen)
})

/** Hidden states of tokens, [tokens, hidden], and every layer's keys and values. */
export const hiddenStates = (
  { backbone, embed, linear: own, weight }: Model,
  tokens: Tokens,
  attend: Attend,
  { linear = own, ...parts }: Partial<Parts> = {}
): Hidden => {
  const linears: ApplyLinears = (paths, x) => paths.map((path) => linear(path, x))
  return backbone.forward({ weight, embed, attend, linear, linears, layer: (layer, x) => layer(x), ...parts }, tokens)
}
