/** A stage's config as canonical JSON: what the key of an action holds of it. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type { ConfigFailure } from "./Errors.ts"
import type { JsonValue } from "./JsonValue.ts"

export interface CanonicalConfig {
  readonly json: JsonValue
  /** Canonical JSON text of `json`. */
  readonly text: string
  /** sha256 of the text, in hex. */
  readonly digest: string
}

/** Says a row schema in canonical words, or why it has none. */
export type DescribeRow = (schema: Schema.Top) => Effect.Effect<string, { readonly message: string }>

/** Validates a config by its schema and gives its canonical form; every problem is in the one error. */
export const canonicalConfig = (
  _schema: Schema.Codec<unknown, unknown>,
  _config: unknown,
  _describeRow: DescribeRow
): Effect.Effect<CanonicalConfig, ConfigFailure> => Effect.die("internal: no canonical config yet")
