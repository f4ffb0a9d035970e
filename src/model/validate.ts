/** The loss of rows that are not trained on, and the check that rows fit a model at all. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { TableReader } from "../pipeline/Reader.ts"
import type { Session } from "../runtime/OnnxRuntime.ts"
import { evaluationFeeds, groupByTokens, type PlacedRow, type TrainingRow, unfit } from "./batch.ts"
import type { RowUnfit } from "./Errors.ts"
import { share } from "./share.ts"
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
 * Mean cross entropy in nats per label token over all rows, without dropout. Each of the `sessions` runs the evaluation
 * graph on the adapter in the registers `resident` of its process. Memory: one batch of the table, and one micro-batch
 * in each process.
 */
export const validationLoss = Effect.fn("train.validationLoss")(function* (
  { model, options }: Trainee,
  sessions: NonEmptyReadonlyArray<Session>,
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
      yield* share(
        sessions,
        groupByTokens(sorted, options.microBatchTokens),
        Effect.fnUntraced(function* (session, group) {
          const { feeds, labels } = evaluationFeeds(group, options)
          return { labels, outputs: yield* session.run({ feeds, resident, fetch: ["log-probabilities"] }) }
        }),
        ({ labels, outputs }) => {
          const result = outputs["log-probabilities"]
          for (let label = 0; label < labels; label++) total -= Number(result?.data[label])
          count += labels
        }
      )
    })
  )
  return total / count
})
