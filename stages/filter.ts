/** `filter` keeps the rows for which a condition holds. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AnyRow, RowOf, Tabular } from "../src/pipeline/Artifact.ts"
import { ClosedFunction } from "../src/pipeline/ConfigValue.ts"
import { anyTable, apply, stage } from "../src/pipeline/Stage.ts"
import { eachTable } from "../src/pipeline/tabular.ts"
import { FunctionThrew, NothingLeft } from "./Errors.ts"

const filterStage = stage({
  name: "filter",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ name: Schema.String, keep: ClosedFunction<(row: AnyRow) => boolean>() }),
  inputs: { rows: anyTable },
  outputs: { rows: anyTable },
  run: ({ rows }, { keep, name }) =>
    Effect.sync(() => {
      let read = 0
      let kept = 0
      const keepBatch = (batch: ReadonlyArray<AnyRow>) =>
        Effect.try({
          try: () =>
            batch.filter((row) => {
              const keeps = keep(row)
              read += 1
              if (keeps) kept += 1
              return keeps
            }),
          catch: (cause) => new FunctionThrew({ stage: "filter", name, row: read, reason: String(cause) })
        })
      const someLeft = Effect.suspend(() =>
        kept > 0 ? Effect.void : Effect.fail(new NothingLeft({ stage: "filter", name, rows: read }))
      )
      return {
        rows: rows.batches.pipe(Stream.mapEffect(keepBatch), Stream.concat(Stream.fromEffectDrain(someLeft)))
      }
    })
})

/**
 * Keeps the rows for which `keep` holds, in their order. `keep` must be closed: what it needs besides its row is written
 * into it. Fails when it keeps none.
 */
export const filter =
  <T extends Tabular>(config: {
    /** What the condition is called in plans and errors. */
    readonly name: string
    readonly keep: (row: RowOf<NoInfer<T>>) => boolean
  }) =>
  (tabular: T): T => {
    // The rows that `keep` will see are those of the table in `tabular`.
    const keep = config.keep as (row: AnyRow) => boolean
    const filtered = eachTable(
      tabular,
      (table, part) =>
        apply(filterStage, {
          config: { name: config.name, keep },
          inputs: { rows: table },
          schemas: { rows: table.schema },
          label: `filter: ${config.name}${part}`
        }).rows
    )
    return filtered as T
  }
