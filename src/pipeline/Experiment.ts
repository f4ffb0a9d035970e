/** An experiment: a name, the results to obtain, and what they are expected to be. */
import type { Files, Model, Table, Value } from "./Artifact.ts"
import type { Measurement, MeasurementResult } from "./Measurement.ts"

/** Results by model, then by measurement: the cells of a table. */
export type Results = { readonly [model: string]: { readonly [measurement: string]: Value<unknown> } }

/** The same value under another name for people: a label takes no part in keys. */
const relabel = <A>(value: Value<A>, label: string): Value<A> =>
  value.origin.kind === "node"
    ? { ...value, origin: { ...value.origin, node: { ...value.origin.node, label } } }
    : value

/** Asks every measurement of every model. A shared branch is one value, so it runs once. */
export const compare = <
  const Models extends { readonly [name: string]: Model },
  const Measurements extends { readonly [name: string]: Measurement }
>(
  models: Models,
  measurements: Measurements
): {
  readonly [M in keyof Models]: { readonly [Q in keyof Measurements]: ReturnType<Measurements[Q]> }
} => {
  const rows = Object.entries(models).map(([name, model]) => [
    name,
    Object.fromEntries(
      Object.entries(measurements).map(([question, measure]) => [
        question,
        relabel(measure(model), `${question} of ${name}`)
      ])
    )
  ])
  // Built entry by entry from the two records of the arguments: the keys are theirs.
  return Object.fromEntries(rows) as {
    readonly [M in keyof Models]: { readonly [Q in keyof Measurements]: ReturnType<Measurements[Q]> }
  }
}

/** What a score is expected to be, and where that figure stands. */
export type Expectation =
  | {
      readonly kind: "near"
      readonly value: number
      readonly tolerance: { readonly relative: number } | { readonly absolute: number }
      readonly source: string | null
    }
  | { readonly kind: "atLeast" | "atMost"; readonly value: number; readonly source: string | null }

/** Within a relative or absolute distance of a figure. */
export const near = (
  value: number,
  tolerance: { readonly relative: number } | { readonly absolute: number },
  source: string | null = null
): Expectation => ({ kind: "near", value, tolerance, source })

/** Not below a figure. */
export const atLeast = (value: number, source: string | null = null): Expectation => ({
  kind: "atLeast",
  value,
  source
})

/** Not above a figure. */
export const atMost = (value: number, source: string | null = null): Expectation => ({ kind: "atMost", value, source })

/** Whether a score meets an expectation. */
export const meets = (expectation: Expectation, score: number): boolean => {
  switch (expectation.kind) {
    case "atLeast":
      return score >= expectation.value
    case "atMost":
      return score <= expectation.value
    case "near": {
      const allowed =
        "relative" in expectation.tolerance
          ? Math.abs(expectation.value) * expectation.tolerance.relative
          : expectation.tolerance.absolute
      return Math.abs(score - expectation.value) <= allowed
    }
  }
}

/** Expectations on the cells that are scores; a name that is no cell, or a cell that is no score, does not compile. */
export type Expectations<R extends Results> = {
  readonly [M in keyof R]?: {
    readonly [Q in keyof R[M]]?: R[M][Q] extends Value<MeasurementResult> ? Expectation : never
  }
}

/** What `experiment` returns and a pipeline file exports by default. */
export interface Experiment {
  readonly kind: "experiment"
  readonly name: string
  readonly results: Results
  readonly expect: { readonly [model: string]: { readonly [measurement: string]: Expectation } | undefined }
  /** The finished report, if the experiment has one. */
  readonly report: Files | null
  /** Further artifacts to make, by name. */
  readonly outputs: { readonly [name: string]: Table<unknown> | Model | Value<unknown> | Files }
}

/** Declares an experiment. Nothing runs. */
export const experiment = <const R extends Results>(
  name: string,
  definition: {
    readonly results: R
    readonly expect?: Expectations<R>
    readonly report?: Files
    readonly outputs?: Experiment["outputs"]
  }
): Experiment => ({
  kind: "experiment",
  name,
  results: definition.results,
  expect: (definition.expect ?? {}) as Experiment["expect"],
  report: definition.report ?? null,
  outputs: definition.outputs ?? {}
})
