/** Deciding from a record alone whether an experiment is reproduced: planning, with the record in the place of the store. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { MeasurementResult } from "../../pipeline/Measurement.ts"
import { type Judged, judge } from "../expectations.ts"
import { type Computing, type Content, identityOf, type Ingredients } from "../identity.ts"
import type { Recipe, Source, Step } from "../Recipe.ts"
import * as Tree from "../Tree.ts"
import { type Change, changes } from "../why.ts"
import {
  type ExperimentRecord,
  filesName,
  ingredientsIn,
  isSealed,
  type RecordedStep,
  valueDigest
} from "./ExperimentRecord.ts"

/** A step that the record was not made with as it is now; `changes` is null for one that it does not know. */
export interface Stale {
  readonly step: string
  readonly changes: ReadonlyArray<Change> | null
}

export interface Verdict {
  /**
   * `altered`: the record is not what a run wrote. `missing`: it lacks a result. `stale`: it was made with
   * other code, config or data. `wrong`: an expectation is missed. `reproduced`: none of these.
   */
  readonly kind: "reproduced" | "altered" | "missing" | "stale" | "wrong"
  /** What was altered in the record, in words. */
  readonly altered: ReadonlyArray<string>
  /** Results that the record lacks. */
  readonly missing: ReadonlyArray<string>
  readonly stale: ReadonlyArray<Stale>
  readonly judged: ReadonlyArray<Judged>
}

/** Gives the digest that files from outside have now, or null where they are not here to be looked at. */
export type DigestNow<E, R> = (
  source: Extract<Source, { readonly kind: "external" }>
) => Effect.Effect<string | null, E, R>

/** What the record says that the leaf of an input is; null where it says nothing. */
const contentIn = (record: ExperimentRecord) => {
  const steps = new Map(record.steps.map((step) => [step.name, step]))
  const files = new Map(record.files.map((one) => [filesName(one), one]))
  return (source: Source): Content | null => {
    if (source.kind === "step") return steps.get(source.step.name)?.outputs[source.output] ?? null
    const found = files.get(filesName(source))
    return found === undefined ? null : { kind: found.as, digest: found.digest }
  }
}

/**
 * The runtime that would compute a step here, were the recorded provider at hand: another device is no change, another
 * version of the runtime is one.
 */
const computingOf = ({ compute }: Ingredients, here: Computing): Computing =>
  compute === null || compute.provider === here.provider ? here : { ...compute, runtimeVersion: here.runtimeVersion }

const alterations = (record: ExperimentRecord): ReadonlyArray<string> => {
  const steps = new Map(record.steps.map((step) => [step.name, step]))
  const values = record.results.filter(
    ({ output, step, value }) => steps.get(step)?.outputs[output]?.digest !== valueDigest(value)
  )
  return [
    ...(isSealed(record) ? [] : ["its seal is not that of its content"]),
    ...values.map(
      ({ measurement, model }) => `the value of "${measurement}" of "${model}" is not the one that was stored`
    )
  ]
}

const scoreIn = (record: ExperimentRecord) => (model: string, measurement: string) => {
  const value = record.results.find((one) => one.model === model && one.measurement === measurement)?.value
  return Schema.is(MeasurementResult)(value) ? value.scores[0].value : null
}

const missingResults = (recipe: Recipe, record: ExperimentRecord): ReadonlyArray<string> =>
  Object.entries(recipe.experiment.results).flatMap(([model, row]) =>
    Object.keys(row)
      .filter((name) => !record.results.some((one) => one.model === model && one.measurement === name))
      .map((name) => `${name} of ${model}`)
  )

/** Holds a step as it is now against the record of it; null where they agree. */
const staleness = <E, R>(
  record: ExperimentRecord,
  step: Step,
  recorded: RecordedStep,
  here: Computing,
  digestNow: DigestNow<E, R>
): Effect.Effect<Stale | null, E, R> =>
  Effect.gen(function* () {
    const before = ingredientsIn(record, recorded)
    const known = contentIn(record)
    const inputs: Record<string, Tree.Tree<Content>> = {}
    for (const [port, tree] of Object.entries(step.inputs)) {
      inputs[port] = yield* Tree.mapEffect(tree, (source) =>
        Effect.gen(function* () {
          const digest = source.kind === "external" ? yield* digestNow(source) : null
          const told = known(source)
          if (digest !== null && source.kind === "external") return { kind: source.as, digest }
          return told ?? { kind: "files" as const, digest: "not in the record" }
        })
      )
    }
    const now = identityOf(step, inputs, computingOf(before, here))
    return now.key === recorded.key ? null : { step: step.name, changes: changes(before, now.ingredients) }
  })

/**
 * Verifies an experiment, laid out from its file as it is now, against a record of it. Neither data nor models are
 * needed: `digestNow` looks at those files from outside that are here.
 */
export const verify = <E, R>(
  recipe: Recipe,
  record: ExperimentRecord,
  here: Computing,
  digestNow: DigestNow<E, R>
): Effect.Effect<Verdict, E, R> =>
  Effect.gen(function* () {
    const altered = alterations(record)
    const recorded = new Map(record.steps.map((step) => [step.name, step]))
    const missing = missingResults(recipe, record)
    const stale: Array<Stale> = []
    for (const step of recipe.steps) {
      const before = recorded.get(step.name)
      const found =
        before === undefined
          ? { step: step.name, changes: null }
          : yield* staleness(record, step, before, here, digestNow)
      if (found !== null) stale.push(found)
    }
    const judged = judge(recipe.experiment, scoreIn(record))
    const kind =
      altered.length > 0
        ? "altered"
        : missing.length > 0
          ? "missing"
          : stale.length > 0
            ? "stale"
            : judged.every(({ met }) => met)
              ? "reproduced"
              : "wrong"
    return { kind, altered, missing, stale, judged }
  })
