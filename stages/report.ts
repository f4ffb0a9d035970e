/** The stage that writes an experiment's results up as a page, as Markdown and as JSON. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Files, Value } from "../src/pipeline/Artifact.ts"
import type { Expectation, Expectations, Results } from "../src/pipeline/Experiment.ts"
import type { TrainingLog } from "../src/pipeline/Measurement.ts"
import { apply, someFiles, stage, treeOf } from "../src/pipeline/Stage.ts"
import { choiceFiles, choicesIn, choicesPort, ReportedChoices } from "./choiceFiles.ts"

type Trainings = { readonly [name: string]: Value<TrainingLog> }

const source = Schema.NullOr(Schema.String)

const Expected: Schema.Codec<Expectation, unknown> = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("near"),
    value: Schema.Finite,
    tolerance: Schema.Union([Schema.Struct({ relative: Schema.Finite }), Schema.Struct({ absolute: Schema.Finite })]),
    source
  }),
  Schema.Struct({ kind: Schema.Literals(["atLeast", "atMost"]), value: Schema.Finite, source })
])

/** The order of display is part of the config, for the order of the inputs is no part of a key. */
const Config = Schema.Struct({
  title: Schema.NonEmptyString,
  notes: Schema.Array(Schema.String),
  models: Schema.Array(Schema.String),
  measurements: Schema.Array(Schema.String),
  trainings: Schema.Array(Schema.String),
  tuned: Schema.Array(Schema.Struct({ tuned: Schema.String, base: Schema.String })),
  expect: Schema.Array(Schema.Struct({ model: Schema.String, measurement: Schema.String, expectation: Expected })),
  published: Schema.NullOr(
    Schema.Struct({
      source: Schema.NonEmptyString,
      figures: Schema.Array(Schema.Struct({ model: Schema.String, measurement: Schema.String, value: Schema.Finite }))
    })
  ),
  /** Choice tasks to be written in lm-eval's form, in the order of the input. */
  choices: Schema.Array(ReportedChoices)
})

export const reportStage = stage({
  name: "report",
  module: import.meta.url,
  computes: false,
  config: Config,
  inputs: { results: treeOf<Results>(), training: treeOf<Trainings>(), choices: choicesPort },
  outputs: { report: someFiles },
  run: ({ choices: asked, results, training }, { choices, trainings, ...config }) =>
    Effect.gen(function* () {
      const { reportFiles } = yield* Effect.promise(() => import("../src/report/files.ts"))
      const report = reportFiles({
        ...config,
        results,
        trainings: trainings.flatMap((name) => {
          const log = training[name]
          return log === undefined ? [] : [{ name, log }]
        })
      })
      return { report: { ...report, ...(yield* choiceFiles(choices, asked)) } }
    })
})

/** What a report is about. */
export interface ReportSubject<R extends Results> {
  readonly results: R
  /** Training logs, by the name under which the page shows them. */
  readonly training?: Trainings
  /** The same expectations as the experiment's. */
  readonly expect?: Expectations<R>
  /** Figures that others printed for these cells, and where: they stand beside ours, with the difference. */
  readonly published?: {
    readonly source: string
    readonly figures: { readonly [M in keyof R]?: { readonly [Q in keyof R[M]]?: number } }
  }
  /** The base of each tuned model, for a table of what tuning changed. */
  readonly tuned?: { readonly [Tuned in keyof R]?: keyof R & string }
}

/**
 * Writes `report.html` (one file that works offline), `report.md`, `report.tex`, `report.csv` and `report.json`: scores by model and
 * measurement, beside published ones where there are any, what tuning changed, expectations and how they fared, training curves, and free answers side by side.
 * `notes` are paragraphs that say how to read the figures. `lmEval` adds what `evalChoices` found in the form of lm-eval 0.4:
 * `lm-eval/MODEL/results_tanren.json`, and a line for each question in `lm-eval/MODEL/samples_MEASUREMENT_tanren.jsonl`.
 */
export const report =
  (options: { readonly title: string; readonly notes?: ReadonlyArray<string>; readonly lmEval?: boolean }) =>
  <const R extends Results>({
    expect = {},
    published,
    results,
    training = {},
    tuned = {}
  }: ReportSubject<R>): Files => {
    const { lmEval = false, notes = [], title } = options
    const choices = lmEval ? choicesIn(results) : []
    const models = Object.keys(results)
    const measurements = [...new Set(Object.values(results).flatMap((cells) => Object.keys(cells)))]
    const pairs: ReadonlyArray<readonly [string, string | undefined]> = Object.entries(tuned)
    const expected: ReadonlyArray<readonly [string, { readonly [measurement: string]: Expectation } | undefined]> =
      Object.entries(expect)
    const printed: ReadonlyArray<
      readonly [string, { readonly [measurement: string]: number | undefined } | undefined]
    > = Object.entries(published?.figures ?? {})
    return apply(reportStage, {
      label: title,
      config: {
        title,
        notes,
        models,
        measurements,
        trainings: Object.keys(training),
        tuned: pairs.flatMap(([name, base]) => (base === undefined ? [] : [{ tuned: name, base }])),
        expect: expected.flatMap(([model, cells = {}]) =>
          Object.entries(cells).map(([measurement, expectation]) => ({ model, measurement, expectation }))
        ),
        published:
          published === undefined
            ? null
            : {
                source: published.source,
                figures: printed.flatMap(([model, cells = {}]) =>
                  Object.entries(cells).flatMap(([measurement, value]) =>
                    value === undefined ? [] : [{ model, measurement, value }]
                  )
                )
              },
        choices: choices.map(({ asked, measurement, model }) => ({ asked, measurement, model }))
      },
      inputs: {
        results,
        training,
        choices: choices.map(({ measured: { answers, prompts, ...result } }) => ({ answers, prompts, result }))
      },
      schemas: {}
    }).report
  }
