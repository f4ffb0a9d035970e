/** Two runs or records of an experiment side by side: what differs in what they were made from, and in their figures. */
import * as Schema from "effect/Schema"
import { MeasurementResult, type Score } from "../../pipeline/Measurement.ts"
import type { Ingredients } from "../identity.ts"
import { type Change, changes } from "../why.ts"
import { type ExperimentRecord, ingredientsIn } from "./ExperimentRecord.ts"

/** One side: the steps by name, and the measurements among their outputs. */
export interface Side {
  readonly name: string
  readonly steps: ReadonlyMap<string, SideStep>
  readonly scores: ReadonlyMap<string, ReadonlyArray<Score>>
}

export interface SideStep {
  readonly ingredients: Ingredients
  /** Digests of the outputs. */
  readonly outputs: ReadonlyArray<string>
}

/** A score on both sides; null where a side lacks it. */
export interface ScoreDifference {
  readonly step: string
  readonly score: string
  readonly before: Score | null
  readonly after: Score | null
}

export interface RunDifference {
  /** Steps that were made from other code, config, files or on another runtime; not those that merely follow from them. */
  readonly causes: ReadonlyArray<{ readonly step: string; readonly changes: ReadonlyArray<Change> }>
  /** Steps of which nothing but the content of other steps' results changed. */
  readonly followed: ReadonlyArray<string>
  /** Steps of one side alone. */
  readonly removed: ReadonlyArray<string>
  readonly added: ReadonlyArray<string>
  readonly scores: ReadonlyArray<ScoreDifference>
}

/** The scores of a value that is a measurement's; none of any other value. */
export const scoresOf = (value: unknown): ReadonlyArray<Score> =>
  Schema.is(MeasurementResult)(value) ? value.scores : []

/** A record as a side. */
export const sideOf = (name: string, record: ExperimentRecord): Side => ({
  name,
  steps: new Map(
    record.steps.map((step) => [
      step.name,
      {
        ingredients: ingredientsIn(record, step),
        outputs: Object.values(step.outputs).map(({ digest }) => digest)
      }
    ])
  ),
  scores: new Map(record.results.map(({ step, value }) => [step, scoresOf(value)]))
})

const only = (these: Iterable<string>, those: { readonly has: (name: string) => boolean }): ReadonlyArray<string> =>
  [...these].filter((name) => !those.has(name))

const made = ({ steps }: Side): ReadonlySet<unknown> => new Set([...steps.values()].flatMap(({ outputs }) => outputs))

const scoreDifferences = (before: Side, after: Side): ReadonlyArray<ScoreDifference> =>
  [...new Set([...before.scores.keys(), ...after.scores.keys()])].flatMap((step) => {
    const [old, now] = [before.scores.get(step) ?? [], after.scores.get(step) ?? []]
    const find = (scores: ReadonlyArray<Score>, name: string) => scores.find((score) => score.name === name) ?? null
    return [...new Set([...old, ...now].map(({ name }) => name))].map((score) => ({
      step,
      score,
      before: find(old, score),
      after: find(now, score)
    }))
  })

/** Compares two sides. Steps are paired by name; every score of either side is listed, changed or not. */
export const difference = (before: Side, after: Side): RunDifference => {
  const results = made(before)
  const causes: Array<RunDifference["causes"][number]> = []
  const followed: Array<string> = []
  for (const [step, { ingredients }] of after.steps) {
    const old = before.steps.get(step)
    const found = old === undefined ? [] : changes(old.ingredients, ingredients)
    const own = found.filter((change) => !(change.kind === "input" && results.has(change.before)))
    if (own.length > 0) causes.push({ step, changes: own })
    else if (found.length > 0) followed.push(step)
  }
  return {
    causes,
    followed,
    removed: only(before.steps.keys(), after.steps),
    added: only(after.steps.keys(), before.steps),
    scores: scoreDifferences(before, after)
  }
}
