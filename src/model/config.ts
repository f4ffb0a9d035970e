/** A model's config.json, read strictly: a field that would change results and is not supported is refused. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Activation, activationNames } from "./activation.ts"
import { ModelUnsupported } from "./Errors.ts"
import { readRotary, type RotaryConfig, rotaryFields, type RotaryScaling } from "./rotaryConfig.ts"

/** What every architecture has. */
interface Common {
  /** Width of the token vectors. */
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  readonly intermediate: number
  readonly vocabulary: number
  /** The longest sequence, in tokens. */
  readonly positions: number
  readonly activation: Activation
  /** Whether the output layer is the embedding itself. */
  readonly tiedEmbeddings: boolean
  readonly attentionBias: boolean
  readonly rotaryBase: number
  readonly rotaryScaling: RotaryScaling
  readonly beginOfText: number | null
  /** Tokens that end a text, the first being the one that tokenizers append. */
  readonly endOfText: ReadonlyArray<number>
}

/** GPT-NeoX (Black et al., 2022): the architecture of OpenCALM and Pythia. */
export interface GptNeoxConfig extends Common {
  readonly architecture: "gpt_neox"
  /** Leading elements of each head that are rotated; an even number. */
  readonly rotarySize: number
  /** Both branches of a layer read the same input; otherwise the second reads the result of the first. */
  readonly parallelResidual: boolean
  readonly layerNormEpsilon: number
}

/** LLaMA (Touvron et al., 2023), with or without grouped queries. */
export interface LlamaConfig extends Common {
  readonly architecture: "llama"
  /** Heads of keys and values, each shared by as many query heads. */
  readonly keyValueHeads: number
  readonly headSize: number
  readonly normEpsilon: number
  readonly perceptronBias: boolean
}

/** The configs of all architectures, by the name that config.json has for them. */
export interface Configs {
  readonly gpt_neox: GptNeoxConfig
  readonly llama: LlamaConfig
}
export type Architecture = keyof Configs
export type ModelConfig = Configs[Architecture]

const Size = Schema.Int.check(Schema.isGreaterThan(0))
const TokenIds = Schema.Union([Schema.Int, Schema.Array(Schema.Int)])
const field = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

/** Fields that both architectures have, under their names of all transformers versions. */
const commonFields = {
  hidden_size: Size,
  num_hidden_layers: Size,
  num_attention_heads: Size,
  intermediate_size: Size,
  vocab_size: Size,
  ...rotaryFields,
  hidden_act: field(Schema.String),
  attention_bias: field(Schema.Boolean),
  tie_word_embeddings: field(Schema.Boolean),
  bos_token_id: field(Schema.Int),
  eos_token_id: field(TokenIds)
}
const CommonFile = Schema.Struct(commonFields)

const GptNeoxFile = Schema.Struct({
  ...commonFields,
  layer_norm_eps: field(Schema.Finite),
  use_parallel_residual: field(Schema.Boolean),
  rotary_pct: field(Schema.Finite),
  partial_rotary_factor: field(Schema.Finite),
  rotary_emb_base: field(Schema.Finite)
})

const LlamaFile = Schema.Struct({
  ...commonFields,
  num_key_value_heads: field(Size),
  head_dim: field(Size),
  rms_norm_eps: field(Schema.Finite),
  mlp_bias: field(Schema.Boolean)
})

const unsupported = (file: string, name: string, found: unknown, supported: string) =>
  new ModelUnsupported({ file, field: name, found: JSON.stringify(found) ?? "absent", supported })

const activationOf = (file: string, name: string): Effect.Effect<Activation, ModelUnsupported> => {
  const activation = Object.entries(activationNames).find(([known]) => known === name)?.[1]
  return activation === undefined
    ? Effect.fail(unsupported(file, "hidden_act", name, Object.keys(activationNames).join(", ")))
    : Effect.succeed(activation)
}

/** Fields that change what is computed, with the JSON under which they change nothing, as they do if absent or null. */
const refusals: { readonly [A in Architecture]: Readonly<Record<string, string>> } = {
  gpt_neox: {
    attention_dropout: "0",
    attention_probs_dropout_prob: "0",
    head_dim: "null",
    hidden_dropout: "0",
    hidden_dropout_prob: "0",
    quantization_config: "null",
    sliding_window: "null"
  },
  llama: {
    attention_dropout: "0",
    original_max_position_embeddings: "null",
    partial_rotary_factor: "1",
    pretraining_tp: "1",
    quantization_config: "null",
    sliding_window: "null"
  }
}

const refuseFields = (
  file: string,
  architecture: Architecture,
  json: object
): Effect.Effect<void, ModelUnsupported> => {
  const found = new Map<string, unknown>(Object.entries(json))
  const failure = Object.entries(refusals[architecture]).find(([name, plain]) => {
    const value = found.get(name) ?? null
    return value !== null && JSON.stringify(value) !== plain
  })
  return failure === undefined
    ? Effect.void
    : Effect.fail(unsupported(file, failure[0], found.get(failure[0]), `${failure[1]}, or leaving it out`))
}

const common = Effect.fnUntraced(function* (
  file: string,
  fields: typeof CommonFile.Type,
  defaults: Pick<Common, "activation" | "attentionBias">,
  rotary: RotaryConfig
): Effect.fn.Return<Common, ModelUnsupported> {
  const end = fields.eos_token_id ?? []
  return {
    hidden: fields.hidden_size,
    layers: fields.num_hidden_layers,
    heads: fields.num_attention_heads,
    intermediate: fields.intermediate_size,
    vocabulary: fields.vocab_size,
    positions: fields.max_position_embeddings,
    activation: yield* activationOf(file, fields.hidden_act ?? defaults.activation),
    tiedEmbeddings: fields.tie_word_embeddings ?? false,
    attentionBias: fields.attention_bias ?? defaults.attentionBias,
    rotaryBase: rotary.base ?? fields.rope_theta ?? 10_000,
    rotaryScaling: rotary.scaling,
    beginOfText: fields.bos_token_id ?? null,
    endOfText: typeof end === "number" ? [end] : end
  }
})

const gptNeox = Effect.fn("config.gptNeox")(function* (
  file: string,
  fields: typeof GptNeoxFile.Type
): Effect.fn.Return<GptNeoxConfig, ModelUnsupported> {
  const rotary = yield* readRotary(file, fields)
  const shared = yield* common(file, fields, { activation: "gelu", attentionBias: true }, rotary)
  const { heads, hidden } = shared
  if (hidden % heads !== 0) {
    return yield* unsupported(file, "num_attention_heads", heads, `a divisor of hidden_size, which is ${hidden}`)
  }
  const fraction = rotary.share ?? fields.partial_rotary_factor ?? fields.rotary_pct ?? 0.25
  const rotarySize = Math.floor((hidden / heads) * fraction)
  if (rotarySize % 2 !== 0 || rotarySize <= 0 || rotarySize > hidden / heads) {
    return yield* unsupported(file, "rotary_pct", fraction, `a fraction that rotates an even part of ${hidden / heads}`)
  }
  return {
    ...shared,
    architecture: "gpt_neox",
    rotaryBase: rotary.base ?? fields.rope_theta ?? fields.rotary_emb_base ?? 10_000,
    rotarySize,
    parallelResidual: fields.use_parallel_residual ?? true,
    layerNormEpsilon: fields.layer_norm_eps ?? 1e-5
  }
})

const llama = Effect.fn("config.llama")(function* (
  file: string,
  fields: typeof LlamaFile.Type
): Effect.fn.Return<LlamaConfig, ModelUnsupported> {
  const rotary = yield* readRotary(file, fields)
  if (rotary.share !== null && rotary.share !== 1) {
    return yield* unsupported(file, "partial_rotary_factor", rotary.share, "1, since LLaMA rotates whole heads")
  }
  const shared = yield* common(file, fields, { activation: "silu", attentionBias: false }, rotary)
  const { heads, hidden } = shared
  const headSize = fields.head_dim ?? hidden / heads
  if (!Number.isInteger(headSize) || headSize % 2 !== 0) {
    return yield* unsupported(file, "num_attention_heads", heads, `heads of an even size, which ${hidden} is cut into`)
  }
  const keyValueHeads = fields.num_key_value_heads ?? heads
  if (heads % keyValueHeads !== 0) {
    return yield* unsupported(file, "num_key_value_heads", keyValueHeads, `a divisor of num_attention_heads, ${heads}`)
  }
  return {
    ...shared,
    architecture: "llama",
    keyValueHeads,
    headSize,
    normEpsilon: fields.rms_norm_eps ?? 1e-6,
    perceptronBias: fields.mlp_bias ?? false
  }
})

type Decoder = (file: string, json: unknown) => Effect.Effect<ModelConfig, ModelUnsupported>

const decoder =
  <S extends Schema.Codec<unknown, unknown>>(
    schema: S,
    build: (file: string, fields: S["Type"]) => Effect.Effect<ModelConfig, ModelUnsupported>
  ): Decoder =>
  (file, json) =>
    Schema.decodeUnknownEffect(schema, { errors: "all" })(json).pipe(
      Effect.mapError(
        ({ message }) =>
          new ModelUnsupported({
            file,
            field: "the model's sizes",
            found: `not readable (${message})`,
            supported: "whole positive sizes"
          })
      ),
      Effect.flatMap((fields) => build(file, fields))
    )

const decoders: { readonly [A in Architecture]: Decoder } = {
  gpt_neox: decoder(GptNeoxFile, gptNeox),
  llama: decoder(LlamaFile, llama)
}

const isArchitecture = (name: unknown): name is Architecture =>
  typeof name === "string" && Object.hasOwn(decoders, name)

/** Reads the parsed content of a config.json; `file` names it in errors. */
export const readConfig = (file: string, json: unknown): Effect.Effect<ModelConfig, ModelUnsupported> => {
  const architecture = typeof json === "object" && json !== null && "model_type" in json ? json.model_type : undefined
  return typeof json === "object" && json !== null && isArchitecture(architecture)
    ? Effect.andThen(refuseFields(file, architecture, json), decoders[architecture](file, json))
    : Effect.fail(unsupported(file, "model_type", architecture, Object.keys(decoders).join(", ")))
}
