/** What an architecture is: its weights, its linear layers, and the way from tokens to hidden states. */
import type { Tensor } from "../graph/Operator.ts"
import type { Attend, KeyValue } from "./attention.ts"
import type { Architecture, Configs } from "./config.ts"
import { gptNeox } from "./gptNeox.ts"
import { llama } from "./llama.ts"

/** A linear layer, called by its module path as PEFT calls it. */
export interface LinearModule {
  readonly path: string
  readonly inputs: number
  readonly outputs: number
}

/** Applies the linear layer at a module path: [tokens, inputs] → [tokens, outputs]. */
export type ApplyLinear = (path: string, x: Tensor) => Tensor

/** Applies linear layers that read the same: [tokens, inputs] → for each path [tokens, outputs]. */
export type ApplyLinears = (paths: ReadonlyArray<string>, x: Tensor) => ReadonlyArray<Tensor>

/** Token-major inputs: every token of a batch, one sequence after the other. */
export interface Tokens {
  /** Token ids, int32 [tokens]. */
  readonly ids: Tensor
  /** The position of each token in its text, int32 [tokens]. */
  readonly position: Tensor
}

/** What a layer makes of hidden states [tokens, hidden]: those that the next one reads, and what a cache keeps. */
export interface LayerResult {
  readonly hidden: Tensor
  readonly keyValue: KeyValue
}

/** Has a layer compute. */
export type ApplyLayer = (layer: (x: Tensor) => LayerResult, x: Tensor) => LayerResult

/** How the parts of a model that can be done in several ways are done. */
export interface Parts {
  /** The weight of a name: its element type is that of the hidden states. */
  readonly weight: (name: string) => Tensor
  /** The vectors of tokens, in the same element type: [tokens] → [tokens, hidden]. */
  readonly embed: (ids: Tensor) => Tensor
  readonly linear: ApplyLinear
  readonly linears: ApplyLinears
  readonly attend: Attend
  readonly layer: ApplyLayer
}

export interface Hidden {
  /** After the last norm, [tokens, hidden]: what the output layer reads. */
  readonly hidden: Tensor
  /** Keys and values of every layer, for a cache. */
  readonly keyValues: ReadonlyArray<KeyValue>
}

/** A model without its output layer. */
export interface Backbone {
  /**
   * Every weight that is read, with its shape: a linear layer's are `path.weight` [outputs, inputs] and maybe
   * `path.bias`.
   */
  readonly weights: ReadonlyMap<string, ReadonlyArray<number>>
  /** The layers that an adapter can sit on, in order of computation. */
  readonly modules: ReadonlyArray<LinearModule>
  /** The name of the weight that has a vector for each token, [vocabulary, hidden]. */
  readonly embedding: string
  /** The name of the output layer's weight, [vocabulary, hidden]. */
  readonly outputWeight: string
  /** Heads of keys and values, and the size of each: what a cache is made of. */
  readonly cache: { readonly heads: number; readonly size: number }
  readonly forward: (parts: Parts, tokens: Tokens) => Hidden
}

const backbones: { readonly [A in Architecture]: (config: Configs[A]) => Backbone } = {
  gpt_neox: gptNeox,
  llama
}

/** The backbone that a config describes. */
export const backboneOf = <A extends Architecture>(config: Configs[A] & { readonly architecture: A }): Backbone => {
  const build: (config: Configs[A]) => Backbone = backbones[config.architecture]
  return build(config)
}
