/** The identity of an action: everything that decides its result, and the key that is the hash of it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import { canonicalRecord } from "../store/canonicalJson.ts"
import { type ActionKey, keyOf } from "../store/Digest.ts"
import { canonicalText, type JsonValue } from "./config/JsonValue.ts"
import type { Step } from "./Recipe.ts"
import type { Resolved } from "./Resolved.ts"
import * as Tree from "./Tree.ts"

/** Raised when the engine itself starts to give other results for the same ingredients. */
const engineFormat = 2

const Declaration = Schema.Struct({
  module: Schema.String,
  name: Schema.String,
  hash: Schema.String,
  /** Its minified text, where it is short enough to show. */
  text: Schema.optionalKey(Schema.String)
})

/** What a key is made of, kept with the result so that a later plan can say what changed. */
export const Ingredients = Schema.Struct({
  format: Schema.Int,
  stage: Schema.String,
  code: Schema.Struct({
    digest: Schema.String,
    declarations: Schema.Array(Declaration),
    packages: Schema.Array(Schema.String)
  }),
  config: Schema.Json,
  /** Port to the digests at the leaves of its input. */
  inputs: Schema.Record(Schema.String, Schema.Json),
  /** The rows of each output table, in canonical words. */
  rows: Schema.Record(Schema.String, Schema.String),
  compute: Schema.NullOr(
    Schema.Struct({
      provider: Schema.String,
      runtimeVersion: Schema.String,
      options: Schema.String
    })
  )
})
export type Ingredients = typeof Ingredients.Type

/** What a stage that uses the runtime was or would be computed by. */
export type Computing = NonNullable<Ingredients["compute"]>

export interface Identity {
  readonly key: ActionKey
  readonly ingredients: Ingredients
}

/**
 * The part of the ingredients that is hashed, as canonical JSON: of the code its digest alone, since that covers the rest
 * of it. Whoever has the canonical text of the config gives it.
 */
export const hashed = (
  { code, compute, config, format, inputs, rows, stage }: Ingredients,
  configText: string = canonicalText(config)
): string => {
  const texts: { readonly [Field in keyof Ingredients]: string } = {
    code: canonicalText(code.digest),
    compute: canonicalText(compute),
    config: configText,
    format: canonicalText(format),
    inputs: canonicalText(inputs),
    rows: canonicalText(rows),
    stage: canonicalText(stage)
  }
  return canonicalRecord(texts)
}

/** What an input is, as far as a key knows it. */
export interface Content {
  readonly kind: Resolved["kind"]
  readonly digest: string
}

const leafOf = ({ digest, kind }: Content): JsonValue => ({ kind, digest })

/** Identifies the action of a step, given what its inputs are and the runtime that would compute it. */
export const identityOf = (
  { code, config, node: { stage }, rows }: Step,
  inputs: { readonly [port: string]: Tree.Tree<Content> },
  { options, provider, runtimeVersion }: Computing
): Identity => {
  const ingredients: Ingredients = {
    format: engineFormat,
    stage: stage.name,
    code: { digest: code.digest, declarations: code.declarations, packages: code.packages },
    config: config.json,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([port, tree]) => [port, Tree.unwrap(Tree.map(tree, leafOf)) as JsonValue])
    ),
    rows,
    compute: stage.computes ? { provider, runtimeVersion, options } : null
  }
  return { key: keyOf(hashed(ingredients, config.text)), ingredients }
}

/** Identifies the action of a step on the runtime at hand. */
export const identify = (
  step: Step,
  inputs: { readonly [port: string]: Tree.Tree<Content> }
): Effect.Effect<Identity, never, OnnxRuntime> =>
  Effect.map(OnnxRuntime, ({ identity }) => identityOf(step, inputs, identity))
