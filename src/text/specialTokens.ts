/** Which tokens begin, end, pad and stand in for a text: read off a tokenizer's config as transformers reads them. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { NotATokenizer } from "./Errors.ts"

const Token = Schema.Union([Schema.String, Schema.Struct({ content: Schema.String })])

const SpecialTokens = Schema.Struct({
  bos_token: Schema.optionalKey(Schema.NullOr(Token)),
  eos_token: Schema.optionalKey(Schema.NullOr(Token)),
  pad_token: Schema.optionalKey(Schema.NullOr(Token)),
  unk_token: Schema.optionalKey(Schema.NullOr(Token))
})

const Config = SpecialTokens.pipe(Schema.fieldsAssign({ added_tokens_decoder: Schema.optionalKey(Schema.Unknown) }))

/** The roles of special tokens, each with its text, or null where the tokenizer has none. */
export interface SpecialTokens {
  readonly bos: string | null
  readonly eos: string | null
  readonly pad: string | null
  readonly unk: string | null
}

/**
 * Reads the texts of `tokenizer_config.json` and `special_tokens_map.json`; either may be missing (null). As in
 * transformers, the second outweighs the first, but counts only where the first has no `added_tokens_decoder`.
 */
export const readSpecialTokens = Effect.fnUntraced(function* (
  configText: string | null,
  specialTokensMapText: string | null
): Effect.fn.Return<SpecialTokens, NotATokenizer> {
  const config = configText === null ? {} : yield* decode("tokenizer_config.json", Config, configText)
  const map =
    specialTokensMapText === null || "added_tokens_decoder" in config
      ? {}
      : yield* decode("special_tokens_map.json", SpecialTokens, specialTokensMapText)
  const tokens: typeof SpecialTokens.Type = { ...config, ...map }
  return {
    bos: contentOf(tokens.bos_token),
    eos: contentOf(tokens.eos_token),
    pad: contentOf(tokens.pad_token),
    unk: contentOf(tokens.unk_token)
  }
})

const contentOf = (token: typeof Token.Type | null | undefined): string | null =>
  typeof token === "string" ? token : (token?.content ?? null)

const decode = <A>(file: string, schema: Schema.Codec<A, unknown>, text: string): Effect.Effect<A, NotATokenizer> =>
  Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(text).pipe(
    Effect.mapError((error) => new NotATokenizer({ file, reason: error.message }))
  )
