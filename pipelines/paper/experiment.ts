/** The experiment of the paper, as a function of its bases, its data and its scale: Table 2 and the free answers. */
import { compare, type Expectation, experiment, type Experiment, type Model, report, type Value } from "tanren"
import type { TrainingLog } from "tanren"
import { type Evaluation, measurements, type MeasuringScale } from "./measuring.ts"
import { table2 } from "./table2.ts"
import type { Bases } from "./tuning.ts"

/** The tuned models, and the longest text that each was tuned on. */
export interface TunedModels {
  readonly stormy: Model
  readonly llama7b: Model
  readonly llama13b: Model
  readonly lengths: { readonly stormy: number; readonly llama7b: number; readonly llama13b: number }
  /** Where they were tuned here: the course of it. */
  readonly logs: { readonly [model: string]: Value<TrainingLog> }
}

type Row = { readonly [M in keyof (typeof table2.figures)["CALM"]]?: Expectation }

export const paperExperiment = (
  name: string,
  {
    bases,
    evaluation,
    expect,
    notes,
    scale,
    title,
    tuned,
    published
  }: {
    readonly title: string
    readonly notes: ReadonlyArray<string>
    readonly bases: Bases
    readonly tuned: TunedModels
    readonly evaluation: Evaluation
    readonly scale: MeasuringScale
    readonly expect: { readonly [M in keyof typeof table2.figures]?: Row }
    /** Whether the figures of the paper are to stand beside those found. */
    readonly published: boolean
  }
): Experiment => {
  const asking = (family: "calm" | "llama", prompts: "0.2" | "0.3", tuningLength: number | null) =>
    measurements(evaluation, { family, prompts, tuningLength }, scale)
  // Section 3.2: prompts of version 0.2 for stormy, of version 0.3 for all others. The order is that of Table 2.
  const results = {
    ...compare({ "stormy (Instruct CALM)": tuned.stormy }, asking("calm", "0.2", tuned.lengths.stormy)),
    ...compare({ CALM: bases.calm }, asking("calm", "0.3", null)),
    ...compare({ "Instruct LLaMA 7B": tuned.llama7b }, asking("llama", "0.3", tuned.lengths.llama7b)),
    ...compare({ "LLaMA 7B": bases.llama7b }, asking("llama", "0.3", null)),
    ...compare({ "Instruct LLaMA 13B": tuned.llama13b }, asking("llama", "0.3", tuned.lengths.llama13b)),
    ...compare({ "LLaMA 13B": bases.llama13b }, asking("llama", "0.3", null))
  }
  return experiment(name, {
    results,
    expect,
    report: report({ title, notes })({
      results,
      expect,
      training: tuned.logs,
      tuned: {
        "stormy (Instruct CALM)": "CALM",
        "Instruct LLaMA 7B": "LLaMA 7B",
        "Instruct LLaMA 13B": "LLaMA 13B"
      },
      ...(published ? { published: table2 } : {})
    })
  })
}
