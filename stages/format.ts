/** `format` turns rows into prompts and responses. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AnyRow, Tabular, WithRow } from "../src/pipeline/Artifact.ts"
import { rowwise } from "../src/pipeline/rowwise.ts"
import { anyTable, apply, stage, tableOf } from "../src/pipeline/Stage.ts"
import { eachTable } from "../src/pipeline/tabular.ts"
import { Prompt, renderPrompt } from "../src/text/Prompt.ts"
import { columnsOf } from "./columns.ts"
import { PromptedRow } from "./rows.ts"

const formatStage = stage({
  name: "format",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ template: Prompt }),
  inputs: { rows: anyTable },
  outputs: { rows: tableOf(PromptedRow) },
  run: ({ rows }, { template }) =>
    Effect.sync(() => {
      const columns = columnsOf(template)
      return {
        rows: rowwise(rows, (batch: ReadonlyArray<AnyRow>, first) =>
          Effect.map(columns.textRows("format", batch, first), (texts) =>
            texts.map((row) => renderPrompt(template, row))
          )
        )
      }
    })
})

/**
 * Fills in a template: of each row's columns there remain `prompt` and `response`. A table that lacks a column that the
 * template names does not compile.
 */
export const format =
  <Column extends string>(config: { readonly template: Prompt<Column> }) =>
  <T extends Tabular<{ readonly [Name in Column]: string }>>(tabular: T): WithRow<T, PromptedRow> =>
    eachTable(
      tabular,
      (table, part) => apply(formatStage, { config, inputs: { rows: table }, schemas: {}, label: `format${part}` }).rows
    )
