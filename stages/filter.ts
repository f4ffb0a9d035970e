/** `filter` keeps the rows for which a condition holds. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AnyRow, RowOf, Tabular } from "../src/pipeline/Artifact.ts"
import { ClosedFunction } from "../src/pipeline/ConfigValue.ts"
import { rowwise } from "../src/pipeline/rowwise.ts"
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
      const keepBatch = (batch: ReadonlyArray<AnyRow>, first: number) =>
        Effect.suspend(() => {
          let row = first
          return Effect.try({
            try: () =>
              batch.filter((each) => {
                const keeps = keep(each)
                row += 1
                return keeps
              }),
            catch: (cause) => new FunctionThrew({ stage: "filter", name, row, reason: String(cause) })
          })
        })
      const someLeft = (kept: number) =>
        kept > 0 ? Effect.void : Effect.fail(new NothingLeft({ stage: "filter", name, rows: rows.rows }))
      return { rows: rowwise(rows, keepBatch, someLeft) }
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
