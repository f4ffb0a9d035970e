/** Checking at run time that rows have the text columns that a prompt names: types say so, untyped data may not. */
import * as Effect from "effect/Effect"
import type { AnyRow } from "../src/pipeline/Artifact.ts"
import type { Prompt } from "../src/text/Prompt.ts"
import { ColumnMissing } from "./Errors.ts"

export type Texts = { readonly [column: string]: string }

/** The columns that a prompt reads, and the rows seen as texts. */
export const columnsOf = (prompt: Prompt<string>) => {
  const names = [
    ...new Set([
      ...prompt.prompt.columns,
      ...prompt.response.columns,
      ...(prompt.whenEmpty === null ? [] : [prompt.whenEmpty.column, ...prompt.whenEmpty.prompt.columns])
    ])
  ]
  const hasTexts = (row: AnyRow): row is Texts => names.every((name) => typeof row[name] === "string")
  return {
    names,
    /** The batch itself; fails at the first row without one of the columns. `first` is the batch's first row number. */
    textRows: (stage: string, batch: ReadonlyArray<AnyRow>, first: number) => {
      if (batch.every(hasTexts)) return Effect.succeed(batch)
      const bad = batch.findIndex((row) => !hasTexts(row))
      const row = batch[bad] ?? {}
      const column = names.find((name) => typeof row[name] !== "string") ?? ""
      return Effect.fail(new ColumnMissing({ stage, column, row: first + bad, columns: Object.keys(row) }))
    }
  }
}
