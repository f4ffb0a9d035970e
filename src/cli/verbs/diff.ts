/** `tanren diff`: which code, config and data two runs or records differ in, and what that did to the figures. */
import * as Effect from "effect/Effect"
import { difference, type ScoreDifference, type Side, sideOf } from "../../engine/record/difference.ts"
import { runSide } from "../../engine/record/runSide.ts"
import { describe } from "../../engine/why.ts"
import type { Score } from "../../pipeline/Measurement.ts"
import type { StageFailure } from "../../pipeline/Reader.ts"
import { Store } from "../../store/Store.ts"
import { BadUse } from "../arguments.ts"
import { exitCodes } from "../exitCodes.ts"
import type { Output } from "../Output.ts"
import { readRecord } from "../recordFile.ts"

/** Runs that are looked through for a name, and those that are told of when none has it. */
const runsSearched = 1000
const runsTold = 5

/** The side that a word names: a record's file, or a run by its identifier or the beginning of it. */
const sideNamed = (word: string): Effect.Effect<Side, StageFailure, Store> =>
  Effect.gen(function* () {
    const record = yield* readRecord(word)
    if (record !== null) return sideOf(word, record)
    const store = yield* Store
    const runs = yield* store.runs.recent(runsSearched)
    const [run, another] = runs.filter(({ id }) => id.startsWith(word))
    if (run !== undefined && another === undefined) return yield* runSide(run)
    const told = runs.slice(0, runsTold).map(({ experiment, id }) => `${id} (${experiment})`)
    return yield* new BadUse({
      reason:
        `"${word}" names ${run === undefined ? "no record's file and no run" : "more than one run"}. The latest runs are: ` +
        `${told.join(", ") || "none"}.`
    })
  })

const shown = (score: Score | null): string =>
  score === null
    ? "–"
    : score.value.toPrecision(5) + (score.standardError === null ? "" : ` ± ${score.standardError.toPrecision(2)}`)

const scoreLine = ({ after, before, score, step }: ScoreDifference): string => {
  const change = before === null || after === null ? null : after.value - before.value
  const said = change === null || change === 0 ? "" : `  (${change > 0 ? "+" : "−"}${Math.abs(change).toPrecision(3)})`
  return `  ${step}, ${score}: ${shown(before)} → ${shown(after)}${said}`
}

const isChanged = ({ after, before }: ScoreDifference): boolean => before?.value !== after?.value

export const diffVerb = (first: string, second: string, output: Output) =>
  Effect.gen(function* () {
    const [before, after] = [yield* sideNamed(first), yield* sideNamed(second)]
    const found = difference(before, after)
    yield* output.object({ event: "difference", before: before.name, after: after.name, ...found })
    for (const { changes, step } of found.causes) {
      yield* output.line(`${step}:`)
      for (const change of changes) yield* output.line(`  ${describe(change)}`)
    }
    for (const step of found.removed) yield* output.line(`${step}: only in ${before.name}`)
    for (const step of found.added) yield* output.line(`${step}: only in ${after.name}`)
    if (found.followed.length > 0)
      yield* output.line(`made from other results in consequence: ${found.followed.join(", ")}`)
    const changed = found.scores.filter(isChanged)
    yield* output.line(
      changed.length === 0 ? "no score differs" : `${changed.length} of ${found.scores.length} scores differ:`
    )
    for (const one of changed) yield* output.line(scoreLine(one))
    return exitCodes.done
  })
