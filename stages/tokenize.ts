/** `tokenize` turns prompts and responses into token ids. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Model, Tabular, WithRow } from "../src/pipeline/Artifact.ts"
import { tokenizerOf } from "../src/pipeline/model.ts"
import { Progress } from "../src/pipeline/Progress.ts"
import { rowwise } from "../src/pipeline/rowwise.ts"
import { apply, someFiles, stage, tableOf } from "../src/pipeline/Stage.ts"
import { eachTable } from "../src/pipeline/tabular.ts"
import type { Tokenizer } from "../src/text/tokenizer.ts"
import { RowTooLong } from "./Errors.ts"
import { PromptedRow, TokenRow } from "./rows.ts"
import { readTokenizer } from "./tokenizer.ts"

const Settings = Schema.Struct({
  maxLength: Schema.Int.check(Schema.isGreaterThan(0)),
  appendEos: Schema.Boolean,
  tooLong: Schema.Literals(["cut", "fail"])
})
type Settings = typeof Settings.Type

/** One row's ids within the limit; the end-of-text token comes last if the text does not end so and there is room. */
const fit = (ids: Int32Array, eosId: number | null, { appendEos, maxLength }: Settings): Int32Array => {
  const kept = ids.subarray(0, maxLength)
  if (!appendEos || eosId === null || kept.length === maxLength || kept.at(-1) === eosId) return kept
  const ended = new Int32Array(kept.length + 1)
  ended.set(kept)
  ended[kept.length] = eosId
  return ended
}

const tokenizeBatch = (tokenizer: Tokenizer, batch: ReadonlyArray<PromptedRow>, first: number, settings: Settings) =>
  Effect.gen(function* () {
    const encoded = yield* tokenizer.encodePrompted(batch)
    const long = settings.tooLong === "fail" ? encoded.findIndex(({ ids }) => ids.length > settings.maxLength) : -1
    if (long >= 0) {
      const row = batch[long]
      return yield* new RowTooLong({
        stage: "tokenize",
        row: first + long,
        tokens: encoded[long]?.ids.length ?? 0,
        limit: settings.maxLength,
        begins: row === undefined ? "" : (row.prompt + row.response).slice(0, 40)
      })
    }
    return encoded.map(({ ids, promptTokens }): TokenRow => ({
      ids: fit(ids, tokenizer.eosId, settings),
      promptTokens: Math.min(promptTokens, settings.maxLength),
      cut: Math.max(0, ids.length - settings.maxLength)
    }))
  })

const tokenizeStage = stage({
  name: "tokenize",
  module: import.meta.url,
  computes: false,
  config: Settings,
  inputs: { rows: tableOf(PromptedRow), tokenizer: someFiles },
  outputs: { rows: tableOf(TokenRow) },
  run: ({ rows, tokenizer: files }, settings) =>
    Effect.gen(function* () {
      const tokenizer = yield* readTokenizer(files)
      const { report } = yield* Progress
      return {
        rows: rowwise(rows, (batch, first) =>
          tokenizeBatch(tokenizer, batch, first, settings).pipe(
            Effect.tap(report({ done: first + batch.length, total: rows.rows, unit: "rows" }))
          )
        )
      }
    })
})

/**
 * Tokenizes prompt and response as one text, as the model's tokenizer does with its special tokens.
 *
 * `tooLong` says what becomes of rows beyond `maxLength` tokens: an error (the default), or a cut at the end that the column
 * `cut` counts.
 */
export const tokenize =
  (config: {
    readonly model: Model
    readonly maxLength: number
    readonly appendEos?: boolean
    readonly tooLong?: "cut" | "fail"
  }) =>
  <T extends Tabular<PromptedRow>>(tabular: T): WithRow<T, TokenRow> =>
    eachTable(
      tabular,
      (table, part) =>
        apply(tokenizeStage, {
          config: {
            maxLength: config.maxLength,
            appendEos: config.appendEos ?? true,
            tooLong: config.tooLong ?? "fail"
          },
          inputs: { rows: table, tokenizer: tokenizerOf(config.model) },
          schemas: {},
          label: `tokenize${part}`
        }).rows
    )
