/** The loss of rows that are not trained on, and the check that rows fit a model at all. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TableReader } from "../pipeline/Reader.ts"
import type { Session } from "../runtime/OnnxRuntime.ts"
import { evaluationFeeds, groupByTokens, type PlacedRow, type TrainingRow, unfit } from "./batch.ts"
import type { RowUnfit } from "./Errors.ts"
import type { Trainee } from "./trainingGraphs.ts"

/** Rows with their places, checked against the model. */
export const fitting = (
  rows: ReadonlyArray<TrainingRow>,
  places: ArrayLike<number>,
  sizes: { readonly positions: number; readonly vocabulary: number }
): Effect.Effect<ReadonlyArray<PlacedRow>, RowUnfit> => {
  const placed = rows.map(({ ids, promptTokens }, index) => ({ ids, promptTokens, row: places[index] ?? -1 }))
  const failure = placed.map((row) => unfit(row, sizes)).find((reason) => reason !== undefined)
  return failure === undefined ? Effect.succeed(placed) : Effect.fail(failure)
}

/**
 * Mean cross entropy in nats per label token over all rows, without dropout. `session` runs the evaluation graph on the
 * adapter in the registers `resident`. Memory: one batch of the table and one micro-batch.
 */
export const validationLoss = Effect.fn("train.validationLoss")(function* (
  { model, options }: Trainee,
  session: Session,
  resident: Readonly<Record<string, string>>,
  rows: TableReader<TrainingRow>
) {
  let total = 0
  let count = 0
  let row = 0
  yield* Stream.runForEach(rows.batches, (batch) =>
    Effect.gen(function* () {
      const placed = yield* fitting(
        batch,
        Array.from(batch, () => row++),
        model.config
      )
      const sorted = placed.toSorted((a, b) => a.ids.length - b.ids.length)
      for (const group of groupByTokens(sorted, options.microBatchTokens)) {
        const { feeds, labels } = evaluationFeeds(group, options, model.config.vocabulary)
        const result = (yield* session.run({ feeds, resident, fetch: ["log-probabilities"] }))["log-probabilities"]
        for (let label = 0; label < labels; label++) total -= Number(result?.data[label])
        count += labels
      }
    })
  )
  return total / count
})
