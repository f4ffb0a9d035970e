/** `evalPerplexity` asks how little a model is surprised by the right answers, given the questions. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { MeasurementResult, TextLengths } from "../src/pipeline/Measurement.ts"
import type { Model, Table, Value } from "../src/pipeline/Artifact.ts"
import { Progress } from "../src/pipeline/Progress.ts"
import type { TableReader } from "../src/pipeline/Reader.ts"
import { aModel, apply, stage, tableOf, valueOf } from "../src/pipeline/Stage.ts"
import type { Prompt } from "../src/text/Prompt.ts"
import { TextBeyondModel } from "./Errors.ts"
import { format } from "./format.ts"
import { summarizeLosses } from "./perplexity.ts"
import { TokenRow } from "./rows.ts"
import { fitsModel, textLengths, TuningLength } from "./textLengths.ts"
import { tokenize } from "./tokenize.ts"

/** Perplexities and what they were measured on. */
export const PerplexityResult = Schema.Struct({
  ...MeasurementResult.fields,
  rows: Schema.Int,
  /** Response tokens, the end of text included. */
  tokens: Schema.Int,
  ...TextLengths.fields
})
export type PerplexityResult = typeof PerplexityResult.Type

const Settings = Schema.Struct({
  average: Schema.Literals(["example", "token"]),
  tooLong: Schema.Literals(["cut", "fail"]),
  tuningLength: TuningLength,
  batchTokens: Schema.Int.check(Schema.isGreaterThan(0))
})

/** Why a model of so many positions cannot give a figure for all of a row, if so. */
const refusal = (
  { ids, promptTokens }: TokenRow,
  row: number,
  { positions, tooLong }: { readonly positions: number; readonly tooLong: (typeof Settings.Type)["tooLong"] }
): TextBeyondModel | undefined => {
  const refused = (tokens: number, response: boolean) =>
    new TextBeyondModel({ stage: "evalPerplexity", row, tokens, positions, response })
  if (ids.length - promptTokens > positions) return refused(ids.length - promptTokens, true)
  return tooLong === "fail" && !fitsModel(ids.length, positions) ? refused(ids.length, false) : undefined
}

/** The lengths of all rows, or the first refusal, before anything is computed. Memory: eight bytes a row. */
const lengthsOf = (rows: TableReader<TokenRow>, bounds: Parameters<typeof refusal>[2]) =>
  Effect.gen(function* () {
    const lengths: Array<number> = []
    yield* Stream.runForEach(rows.batches, (batch) => {
      for (const row of batch) {
        const refused = refusal(row, lengths.length, bounds)
        if (refused !== undefined) return Effect.fail(refused)
        lengths.push(row.ids.length)
      }
      return Effect.void
    })
    return lengths
  })

const perplexityStage = stage({
  name: "evalPerplexity",
  module: import.meta.url,
  computes: true,
  config: Settings,
  inputs: { rows: tableOf(TokenRow), model: aModel },
  outputs: { result: valueOf(PerplexityResult) },
  run: ({ model: files, rows }, { average, batchTokens, tooLong, tuningLength }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { openModel } = yield* Effect.promise(() => import("../src/model/Model.ts"))
        const { makeScorer } = yield* Effect.promise(() => import("../src/model/score.ts"))
        const { report } = yield* Progress
        const model = yield* openModel(files)
        const { positions } = model.config
        const lengths = yield* lengthsOf(rows, { positions, tooLong })
        const score = yield* makeScorer(model, { batchTokens })
        const losses: Array<{ readonly loss: number; readonly tokens: number }> = []
        yield* Stream.runForEach(rows.batches, (batch) =>
          Effect.gen(function* () {
            const scored = yield* score(
              batch.map(({ ids, promptTokens }) => ({
                context: ids.subarray(0, promptTokens),
                continuations: [ids.subarray(promptTokens)]
              }))
            )
            for (const [first] of scored) {
              if (first !== undefined && first.tokens > 0)
                losses.push({ loss: -first.logProbability, tokens: first.tokens })
            }
            yield* report({ done: losses.length, total: rows.rows, unit: "rows" })
          })
        )
        const { byExample, byToken, tokens } = summarizeLosses(losses)
        return {
          result: {
            scores: average === "example" ? ([byExample, byToken] as const) : ([byToken, byExample] as const),
            rows: losses.length,
            tokens,
            ...textLengths(lengths, { positions, tuningLength })
          }
        }
      })
    )
})

/**
 * Perplexity over responses alone (section 3.1 of the paper): exp of the mean cross entropy in nats, the end of text included.
 * `average: "example"` weighs every row the same, as the paper's code does; `"token"` every token, as its formula (1) reads. Both are
 * reported, the chosen one first. Rows longer than the model's positions are an error before anything is computed; `tooLong: "cut"`
 * leaves out the beginnings of their prompts, and the result counts them.
 */
export const evalPerplexity =
  <Column extends string>(config: {
    readonly template: Prompt<Column>
    readonly average?: "example" | "token"
    readonly tooLong?: "cut" | "fail"
    /** Tokens a row had at most in tuning: the result counts rows that are longer. */
    readonly tuningLength?: number
    /** Tokens computed at once: memory and speed, not results. */
    readonly batchTokens?: number
  }) =>
  (rows: Table<{ readonly [Name in Column]: string }>) =>
  (model: Model): Value<PerplexityResult> => {
    const asked = format({ template: config.template })(rows)
    const tokens = tokenize({ model, maxLength: Number.MAX_SAFE_INTEGER })(asked)
    return apply(perplexityStage, {
      config: {
        average: config.average ?? "example",
        tooLong: config.tooLong ?? "fail",
        tuningLength: config.tuningLength ?? null,
        batchTokens: config.batchTokens ?? 2048
      },
      inputs: { rows: tokens, model },
      schemas: {},
      estimate: async () => (await import("./estimates/measurements.ts")).estimatePerplexity
    }).result
  }
