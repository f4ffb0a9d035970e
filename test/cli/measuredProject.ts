/** A project whose experiment has a figure, an expectation of it, and no model: its rows are counted. */
import { rowsOf } from "./project.ts"

export const measuredProject = (): { readonly [file: string]: string } => ({
  "rows/a.json": rowsOf(20),
  "weights.ts": "export const weight = 2\n",
  "measure.ts": `
import { apply, type Files, MeasurementResult, stage, type Table, tableOf, valueOf, type Value, InstructionRow } from "tanren"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { weight } from "./weights.ts"

const measureStage = stage({
  name: "measure",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ scale: Schema.Finite }),
  inputs: { rows: tableOf(InstructionRow) },
  outputs: { result: valueOf(MeasurementResult) },
  run: ({ rows }, { scale }) =>
    Effect.map(Stream.runFold(rows.batches, () => 0, (sum, batch) => sum + batch.length), (count) => ({
      result: { scores: [{ name: "rows", value: count * weight * scale, standardError: null, better: "higher" as const }] }
    }))
})

export const measure = (scale: number) => (rows: Table<InstructionRow>): Value<MeasurementResult> =>
  apply(measureStage, { config: { scale }, inputs: { rows }, schemas: {}, label: "rows of corpus" }).result
`,
  "pipeline.ts": `
import { experiment, filter, InstructionRow, load, near, pipe, report } from "tanren"
import { measure } from "./measure.ts"

const result = pipe(
  load.files({ files: "rows/*.json", row: InstructionRow }),
  filter({ name: "no translation", keep: (row) => !row.instruction.includes("翻訳") }),
  measure(1)
)

const results = { corpus: { rows: result } }

export default experiment("counted", {
  results,
  report: report({ title: "Counted" })({ results }),
  expect: { corpus: { rows: near(32, { absolute: 0.5 }, "counted by hand") } }
})
`
})
