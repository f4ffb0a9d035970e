/** The part of a config.json that says how positions are rotated, in the words of every version of transformers. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ModelUnsupported } from "./Errors.ts"

/** How frequencies differ from those of the base alone. */
export type RotaryScaling =
  | { readonly kind: "none" }
  /** All divided by the factor (Chen et al., 2023). */
  | { readonly kind: "linear"; readonly factor: number }
  /** Low frequencies divided by the factor, high ones left, those between blended (Grattafiori et al., 2024). */
  | {
      readonly kind: "llama3"
      readonly factor: number
      readonly lowFrequencyFactor: number
      readonly highFrequencyFactor: number
      /** Longest sequence before the scaling, in tokens. */
      readonly originalPositions: number
    }

const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))
const Positive = Schema.Finite.check(Schema.isGreaterThan(0))

const fields = {
  rope_type: optional(Schema.String),
  type: optional(Schema.String),
  rope_theta: optional(Positive),
  partial_rotary_factor: optional(Positive),
  factor: optional(Positive),
  low_freq_factor: optional(Positive),
  high_freq_factor: optional(Positive),
  original_max_position_embeddings: optional(Positive)
}
type Parameters = Schema.Schema.Type<ReturnType<typeof Schema.Struct<typeof fields>>>
const Parameters = Schema.Struct(fields)

/** Fields of a config that speak of rotation. */
export const rotaryFields = {
  max_position_embeddings: Schema.Int.check(Schema.isGreaterThan(0)),
  rope_theta: optional(Positive),
  rope_parameters: optional(Schema.Record(Schema.String, Schema.Unknown)),
  rope_scaling: optional(Schema.Record(Schema.String, Schema.Unknown))
}
const RotaryFile = Schema.Struct(rotaryFields)

export interface RotaryConfig {
  /** What the rotation's own fields say of the base; null where they say nothing. */
  readonly base: number | null
  /** The share of each head that is rotated; null where it is not said here. */
  readonly share: number | null
  readonly scaling: RotaryScaling
}

const isSaid = (record: Readonly<Record<string, unknown>> | null | undefined): boolean =>
  record !== null && record !== undefined && Object.keys(record).length > 0

type ScalingReader = (
  parameters: Parameters,
  positions: number,
  missing: (field: string) => ModelUnsupported
) => Effect.Effect<RotaryScaling, ModelUnsupported>

const given = (value: number | null | undefined, failure: ModelUnsupported): Effect.Effect<number, ModelUnsupported> =>
  value === null || value === undefined ? Effect.fail(failure) : Effect.succeed(value)

const scalings: Readonly<Record<string, ScalingReader>> = {
  default: () => Effect.succeed({ kind: "none" }),
  linear: ({ factor }, _, missing) =>
    Effect.map(given(factor, missing("factor")), (found) => ({ kind: "linear", factor: found })),
  // Dynamic NTK raises the base for sequences beyond max_position_embeddings alone. Longer ones are refused or cut here
  // whatever the model, because transformers would then rotate a token by the longest sequence it has seen.
  dynamic: () => Effect.succeed({ kind: "none" }),
  llama3: (parameters, positions, missing) =>
    Effect.all({
      kind: Effect.succeed("llama3" as const),
      factor: given(parameters.factor, missing("factor")),
      lowFrequencyFactor: given(parameters.low_freq_factor, missing("low_freq_factor")),
      highFrequencyFactor: given(parameters.high_freq_factor, missing("high_freq_factor")),
      originalPositions: Effect.succeed(parameters.original_max_position_embeddings ?? positions)
    })
}

/**
 * Reads `rope_scaling`, which replaces `rope_parameters` where a config has both, as transformers 5 has it. A parameter
 * that is not known, and a kind of scaling that is not, are refused by name.
 */
export const readRotary = Effect.fnUntraced(function* (
  file: string,
  config: typeof RotaryFile.Type
): Effect.fn.Return<RotaryConfig, ModelUnsupported> {
  const place = isSaid(config.rope_scaling) ? "rope_scaling" : "rope_parameters"
  const said = config[place] ?? {}
  const refuse = (field: string, found: unknown, supported: string) =>
    new ModelUnsupported({ file, field: `${place}.${field}`, found: JSON.stringify(found) ?? "absent", supported })
  const kind = said["rope_type"] ?? said["type"] ?? "default"
  const reader = typeof kind === "string" && Object.hasOwn(scalings, kind) ? scalings[kind] : undefined
  if (reader === undefined) return yield* refuse("rope_type", kind, Object.keys(scalings).join(", "))
  const stranger = Object.entries(said).find(([name, value]) => !Object.hasOwn(fields, name) && value !== null)
  if (stranger !== undefined) return yield* refuse(stranger[0], stranger[1], Object.keys(fields).join(", "))
  const parameters = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Parameters)(said),
    ({ message }) => new ModelUnsupported({ file, field: place, found: message, supported: "positive numbers" })
  )
  const missing = (field: string) => refuse(field, undefined, `a positive number, which "${kind}" needs`)
  return {
    base: parameters.rope_theta ?? null,
    share: parameters.partial_rotary_factor ?? null,
    scaling: yield* reader(parameters, config.max_position_embeddings, missing)
  }
})
