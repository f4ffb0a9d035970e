/** A model's config.json, read strictly: a field that would change results and is not supported is refused. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ModelUnsupported } from "./Errors.ts"

/** Activation functions by what they compute; transformers has several names for one function. */
export type Activation = "gelu" | "gelu tanh" | "relu" | "silu"

const activations = {
  gelu: "gelu",
  gelu_python: "gelu",
  gelu_new: "gelu tanh",
  gelu_fast: "gelu tanh",
  gelu_pytorch_tanh: "gelu tanh",
  gelu_accurate: "gelu tanh",
  relu: "relu",
  silu: "silu",
  swish: "silu"
} as const satisfies Readonly<Record<string, Activation>>

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

export type ModelConfig = GptNeoxConfig
export type Architecture = ModelConfig["architecture"]

const Size = Schema.Int.check(Schema.isGreaterThan(0))
const TokenIds = Schema.Union([Schema.Int, Schema.Array(Schema.Int)])
const field = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const RotaryParameters = Schema.Struct({
  rope_type: field(Schema.String),
  type: field(Schema.String),
  rope_theta: field(Schema.Finite),
  partial_rotary_factor: field(Schema.Finite)
})

/** The fields of GPT-NeoX, under their names of all transformers versions. */
const GptNeoxFile = Schema.Struct({
  hidden_size: Size,
  num_hidden_layers: Size,
  num_attention_heads: Size,
  intermediate_size: Size,
  vocab_size: Size,
  max_position_embeddings: Size,
  hidden_act: field(Schema.String),
  layer_norm_eps: field(Schema.Finite),
  use_parallel_residual: field(Schema.Boolean),
  attention_bias: field(Schema.Boolean),
  tie_word_embeddings: field(Schema.Boolean),
  rotary_pct: field(Schema.Finite),
  partial_rotary_factor: field(Schema.Finite),
  rotary_emb_base: field(Schema.Finite),
  rope_theta: field(Schema.Finite),
  rope_parameters: field(RotaryParameters),
  rope_scaling: field(RotaryParameters),
  bos_token_id: field(Schema.Int),
  eos_token_id: field(TokenIds)
})
type GptNeoxFile = typeof GptNeoxFile.Type

const unsupported = (file: string, name: string, found: unknown, supported: string) =>
  new ModelUnsupported({ file, field: name, found: JSON.stringify(found) ?? "absent", supported })

const activationOf = (file: string, name: string): Effect.Effect<Activation, ModelUnsupported> => {
  const activation = Object.entries(activations).find(([known]) => known === name)?.[1]
  return activation === undefined
    ? Effect.fail(unsupported(file, "hidden_act", name, Object.keys(activations).join(", ")))
    : Effect.succeed(activation)
}

const gptNeox = Effect.fn("config.gptNeox")(function*(
  file: string,
  fields: GptNeoxFile
): Effect.fn.Return<GptNeoxConfig, ModelUnsupported> {
  const rotary = { ...fields.rope_scaling, ...fields.rope_parameters }
  const kind = rotary.rope_type ?? rotary.type ?? "default"
  if (kind !== "default") return yield* unsupported(file, "rope_type", kind, "default")
  const { hidden_size: hidden, num_attention_heads: heads } = fields
  if (hidden % heads !== 0) {
    return yield* unsupported(file, "num_attention_heads", heads, `a divisor of hidden_size, which is ${hidden}`)
  }
  const fraction = rotary.partial_rotary_factor ?? fields.partial_rotary_factor ?? fields.rotary_pct ?? 0.25
  const rotarySize = Math.floor(hidden / heads * fraction)
  if (rotarySize % 2 !== 0 || rotarySize <= 0 || rotarySize > hidden / heads) {
    return yield* unsupported(file, "rotary_pct", fraction, `a fraction that rotates an even part of ${hidden / heads}`)
  }
  const end = fields.eos_token_id ?? []
  return {
    architecture: "gpt_neox",
    hidden,
    layers: fields.num_hidden_layers,
    heads,
    intermediate: fields.intermediate_size,
    vocabulary: fields.vocab_size,
    positions: fields.max_position_embeddings,
    activation: yield* activationOf(file, fields.hidden_act ?? "gelu"),
    tiedEmbeddings: fields.tie_word_embeddings ?? false,
    attentionBias: fields.attention_bias ?? true,
    rotaryBase: rotary.rope_theta ?? fields.rope_theta ?? fields.rotary_emb_base ?? 10_000,
    rotarySize,
    parallelResidual: fields.use_parallel_residual ?? true,
    layerNormEpsilon: fields.layer_norm_eps ?? 1e-5,
    beginOfText: fields.bos_token_id ?? null,
    endOfText: typeof end === "number" ? [end] : end
  }
})

type Decoder = (file: string, json: unknown) => Effect.Effect<ModelConfig, ModelUnsupported>

const decoder = <S extends Schema.Codec<unknown, unknown>>(
  schema: S,
  build: (file: string, fields: S["Type"]) => Effect.Effect<ModelConfig, ModelUnsupported>
): Decoder =>
(file, json) =>
  Schema.decodeUnknownEffect(schema, { errors: "all" })(json).pipe(
    Effect.mapError(({ message }) =>
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
  gpt_neox: decoder(GptNeoxFile, gptNeox)
}

const isArchitecture = (name: unknown): name is Architecture =>
  typeof name === "string" && Object.hasOwn(decoders, name)

/** Reads the parsed content of a config.json; `file` names it in errors. */
export const readConfig = (file: string, json: unknown): Effect.Effect<ModelConfig, ModelUnsupported> => {
  const architecture = typeof json === "object" && json !== null && "model_type" in json ? json.model_type : undefined
  return isArchitecture(architecture)
    ? decoders[architecture](file, json)
    : Effect.fail(unsupported(file, "model_type", architecture, Object.keys(decoders).join(", ")))
}
