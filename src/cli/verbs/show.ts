/** `tanren show`: a node's stored result, as far as a person can take it in. */
import * as Effect from "effect/Effect"
import { plan } from "../../engine/plan.ts"
import { readerOf, readValue } from "../../engine/readers.ts"
import { filesOf, type Resolved } from "../../engine/Resolved.ts"
import type { Recipe } from "../../engine/Recipe.ts"
import type { TableReader } from "../../pipeline/Reader.ts"
import type { Output } from "../Output.ts"
import { exitCodes } from "../exitCodes.ts"
import { select } from "../selection.ts"

/** Rows shown of a table. */
const rowsShown = 10

const plain = (_key: string, value: unknown): unknown =>
  value instanceof Int32Array || value instanceof Float32Array ? Array.from(value) : value

const bytesOf = (resolved: Resolved): number => filesOf(resolved).reduce((sum, { size }) => sum + size, 0)

const showTable = (table: Extract<Resolved, { kind: "table" }>, output: Output) =>
  Effect.scoped(
    Effect.gen(function* () {
      // A table's reader reads the rows of the table's schema.
      const reader = (yield* readerOf(table)) as TableReader<unknown>
      const shown = Math.min(rowsShown, table.rows)
      const rows = yield* reader.take(Int32Array.from({ length: shown }, (_, index) => index))
      for (const row of rows) {
        yield* output.line(`  ${JSON.stringify(row, plain)}`)
        yield* output.object({ row: JSON.parse(JSON.stringify(row, plain)) })
      }
      if (table.rows > shown) yield* output.line(`  ... ${table.rows - shown} more rows`)
    })
  )

const showOne = (name: string, resolved: Resolved, output: Output) =>
  Effect.gen(function* () {
    yield* output.object({ output: name, kind: resolved.kind, digest: resolved.digest })
    switch (resolved.kind) {
      case "table":
        yield* output.line(`${name}: a table of ${resolved.rows} rows (${bytesOf(resolved)} bytes)`)
        return yield* showTable(resolved, output)
      case "value": {
        const value = yield* readValue(resolved)
        yield* output.line(`${name}: ${JSON.stringify(value, plain, 2)}`)
        return yield* output.object({ value })
      }
      case "files":
      case "model":
        yield* output.line(`${name}: ${resolved.kind === "model" ? "a model" : "files"}`)
        for (const file of filesOf(resolved)) {
          yield* output.line(`  ${file.path}  ${file.size} bytes  ${file.location}`)
          yield* output.object({ path: file.path, size: file.size, location: file.location })
        }
    }
  })

export const showVerb = (recipe: Recipe, root: string, node: string | null, output: Output) =>
  Effect.gen(function* () {
    const selected = new Set(yield* select(recipe, node))
    const planned = (yield* plan(recipe, root)).filter(({ step }) => selected.has(step))
    for (const { found, status, step } of planned) {
      yield* output.line(`── ${step.name} (${step.node.stage.name})`)
      yield* output.object({ node: step.name, stage: step.node.stage.name, status })
      if (found?.kind === "hit") {
        for (const [name, resolved] of Object.entries(found.known.outputs)) yield* showOne(name, resolved, output)
      } else {
        yield* output.line('  not made yet: "tanren run" makes it')
      }
    }
    return exitCodes.done
  })
