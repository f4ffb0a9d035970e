/** The report as a stage: what a pipeline may give it, and what it makes of it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Model, Value } from "../../src/pipeline/Artifact.ts"
import { atLeast, compare, near } from "../../src/pipeline/Experiment.ts"
import { MeasurementResult, TrainingLog } from "../../src/pipeline/Measurement.ts"
import { report, reportStage } from "../../stages/report.ts"

const origin = { kind: "external", folder: ".", patterns: [] } as const
const model: Model = { kind: "model", origin }
const measure = (): Value<MeasurementResult> => ({ kind: "value", schema: MeasurementResult, origin })
const log: Value<TrainingLog> = { kind: "value", schema: TrainingLog, origin }

const results = compare({ base: model, tuned: model }, { accuracy: measure, loss: measure })

const nodeOf = (files: ReturnType<ReturnType<typeof report>>) => {
  if (files.origin.kind !== "node") throw new Error("the report comes from a node")
  return files.origin.node
}

const files = report({ title: "A title" })({
  results,
  training: { tuned: log },
  tuned: { tuned: "base" },
  expect: { tuned: { accuracy: near(0.5, { absolute: 0.1 }, "Table 2"), loss: atLeast(0) } }
})

describe("the report stage", () => {
  it("carries order and expectations in its config, which its schema can encode and read back", () => {
    const { config } = nodeOf(files)
    const encoded = Schema.encodeUnknownSync(reportStage.config)(config)
    assert.deepStrictEqual(Schema.decodeUnknownSync(reportStage.config)(JSON.parse(JSON.stringify(encoded))), config)
    assert.deepInclude(config, { models: ["base", "tuned"], measurements: ["accuracy", "loss"], trainings: ["tuned"] })
  })

  it("refuses names that are no cell", () => {
    // @ts-expect-error "guessed" is no measurement of these results
    report({ title: "t" })({ results, expect: { tuned: { guessed: atLeast(0) } } })
    // @ts-expect-error "nobody" is no model of these results
    report({ title: "t" })({ results, tuned: { tuned: "nobody" } })
  })

  it.effect("makes three files", () =>
    Effect.gen(function* () {
      const score = { name: "accuracy", standardError: null, better: "higher" }
      const scored = (value: number) => ({ scores: [{ ...score, value }] })
      const config = Schema.decodeUnknownSync(reportStage.config)(nodeOf(files).config)
      const { report: made } = yield* reportStage.run(
        {
          results: { base: { accuracy: scored(0.3) }, tuned: { accuracy: scored(0.45) } },
          training: { tuned: { steps: [], validation: [] } },
          choices: []
        },
        config
      )
      assert.deepStrictEqual(Object.keys(made), ["report.html", "report.md", "report.tex", "report.csv", "report.json"])
      const page = made["report.md"]
      const text = page instanceof Uint8Array ? new TextDecoder().decode(page) : ""
      assert.include(text, "| tuned from base | +0.150 |")
    })
  )
})
