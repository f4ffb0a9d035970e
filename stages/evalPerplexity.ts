/** `evalPerplexity` asks how little a model is surprised by the right answers, given the questions. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { MeasurementResult } from "../src/pipeline/Measurement.ts"
import type { Model, Table, Value } from "../src/pipeline/Artifact.ts"
import { Progress } from "../src/pipeline/Progress.ts"
import { aModel, apply, stage, tableOf, valueOf } from "../src/pipeline/Stage.ts"
import type { Prompt } from "../src/text/Prompt.ts"
import { format } from "./format.ts"
import { TokenRow } from "./rows.ts"
import { summarizeLosses } from "./perplexity.ts"
import { tokenize } from "./tokenize.ts"

/** Perplexities and what they were measured on. */
export const PerplexityResult = Schema.Struct({
  ...MeasurementResult.fields,
  rows: Schema.Int,
  /** Response tokens, the end of text included. */
  tokens: Schema.Int,
  /** Rows longer than the model's positions: the beginning of their prompts was left out. */
  beyondModel: Schema.Int
})
export type PerplexityResult = typeof PerplexityResult.Type

const Average = Schema.Literals(["example", "token"])

const perplexityStage = stage({
  name: "evalPerplexity",
  module: import.meta.url,
  computes: true,
  config: Schema.Struct({ average: Average, batchTokens: Schema.Int.check(Schema.isGreaterThan(0)) }),
  inputs: { rows: tableOf(TokenRow), model: aModel },
  outputs: { result: valueOf(PerplexityResult) },
  run: ({ model: files, rows }, { average, batchTokens }) =>
    Effect.scoped(
      Effect.gen(function* () {
        const { openModel } = yield* Effect.promise(() => import("../src/model/Model.ts"))
        const { makeScorer } = yield* Effect.promise(() => import("../src/model/score.ts"))
        const { report } = yield* Progress
        const model = yield* openModel(files)
        const score = yield* makeScorer(model, { batchTokens })
        const losses: Array<{ readonly loss: number; readonly tokens: number }> = []
        let beyondModel = 0
        yield* Stream.runForEach(rows.batches, (batch) =>
          Effect.gen(function* () {
            beyondModel += batch.filter(({ ids }) => ids.length - 1 > model.config.positions).length
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
            beyondModel
          }
        }
      })
    )
})

/**
 * Perplexity over responses alone (section 3.1 of the paper): exp of the mean cross entropy in nats, the end of text included.
 * `average: "example"` weighs every row the same, as the paper's code does; `"token"` every token, as its formula (1) reads. Both are
 * reported, the chosen one first. Rows are cut nowhere but at the model's own positions, from the left; the result counts them.
 */
export const evalPerplexity =
  <Column extends string>(config: {
    readonly template: Prompt<Column>
    readonly average?: "example" | "token"
    /** Tokens computed at once: memory and speed, not results. */
    readonly batchTokens?: number
  }) =>
  (rows: Table<{ readonly [Name in Column]: string }>) =>
  (model: Model): Value<PerplexityResult> => {
    const asked = format({ template: config.template })(rows)
    const tokens = tokenize({ model, maxLength: Number.MAX_SAFE_INTEGER })(asked)
    return apply(perplexityStage, {
      config: { average: config.average ?? "example", batchTokens: config.batchTokens ?? 2048 },
      inputs: { rows: tokens, model },
      schemas: {}
    }).result
  }
