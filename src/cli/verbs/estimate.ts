/** `tanren plan --estimate`: what each stage that would run will take, and what will not fit. */
import * as Effect from "effect/Effect"
import { estimatePlan, type StepEstimate } from "../../engine/estimate/estimate.ts"
import type { Excess } from "../../engine/estimate/memory.ts"
import type { Recipe } from "../../engine/Recipe.ts"
import { byteText } from "../byteText.ts"
import { exitCodes } from "../exitCodes.ts"
import type { Output } from "../Output.ts"
import { select } from "../selection.ts"

/** "1.23 T", in powers of a thousand. */
const countText = (count: number): string => {
  const units = ["", " k", " M", " G", " T", " P", " E", " Z"] as const
  const power = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3)))
  return `${power === 0 ? Math.round(count) : (count / 1000 ** power).toPrecision(3)}${units[power]}`
}

const secondsText = (seconds: number): string =>
  seconds < 120
    ? `${seconds.toFixed(1)} s`
    : seconds < 7200
      ? `${(seconds / 60).toFixed(0)} min`
      : seconds < 172_800
        ? `${(seconds / 3600).toFixed(1)} h`
        : `${(seconds / 86_400).toFixed(1)} days`

const rowsText = (rows: StepEstimate["rows"]): string | null => {
  const tables = Object.entries(rows).filter(([, table]) => table.rows > 0)
  const text = tables.map(
    ([name, table]) =>
      `${table.exact ? "" : "~"}${table.rows.toLocaleString("en-US")} ${name === "rows" ? "rows" : `rows of ${name}`}`
  )
  return text.length === 0 ? null : text.join(" and ")
}

const told = ({ disk, flop, memory, rows, seconds, tokens, unknown }: StepEstimate): string =>
  unknown ??
  [
    rowsText(rows),
    tokens === null ? null : `${countText(tokens)} tokens`,
    flop === null ? null : `${countText(flop)}FLOP`,
    memory === null ? null : `memory ${byteText(memory.host)}`,
    memory === null || memory.device === null ? null : `${byteText(memory.device)} on each device`,
    disk === null || disk === 0 ? null : `${byteText(Math.round(disk))} on disk`,
    seconds === null ? "time not measured" : `${secondsText(seconds)}`
  ]
    .filter((part) => part !== null)
    .join(", ")

const excessText = ({ has, needed, of, remedy }: Excess): string => {
  const lack = `does not fit: it needs ${byteText(needed)} of ${of}, there are ${byteText(has)}`
  if (remedy === null)
    return `${lack}; no option makes it fit here: it takes ${of === "memory" ? "a machine" : "devices"} with more.`
  const left = of === "memory" ? remedy.needed.host : (remedy.needed.device ?? remedy.needed.host)
  return `${lack}; with ${remedy.options.join(" and ")} it needs ${byteText(left)}.`
}

export const estimateVerb = (recipe: Recipe, root: string, node: string | null, processes: number, output: Output) =>
  Effect.gen(function* () {
    const selected = new Set(yield* select(recipe, node))
    const { machine, steps } = yield* estimatePlan(recipe, root, processes, (step) => selected.has(step))
    for (const { planned, ...estimate } of steps) {
      const { status, step } = planned
      yield* output.object({ node: step.name, stage: step.node.stage.name, status, ...estimate })
      yield* output.line(`${step.name}\n    ${told({ planned, ...estimate })}`)
      if (estimate.excess !== null) yield* output.line(`    ✗ ${excessText(estimate.excess)}`)
    }
    const sum = (of: (one: StepEstimate) => number | null) => steps.reduce((all, one) => all + (of(one) ?? 0), 0)
    const total = {
      flop: sum(({ flop }) => flop),
      disk: sum(({ disk }) => disk),
      seconds: sum(({ seconds }) => seconds)
    }
    const unmeasured = steps.filter(
      ({ flop, seconds, unknown }) => unknown !== null || (flop !== null && seconds === null)
    )
    yield* output.object({ event: "estimated", ...total, incomplete: unmeasured.length, machine })
    const rest = unmeasured.length === 0 ? "" : `, beside ${unmeasured.length} of which not all is known`
    yield* output.line(
      `${steps.length} to run: ${countText(total.flop)}FLOP, ${byteText(Math.round(total.disk))} on disk, ` +
        `${secondsText(total.seconds)} one after the other${rest}`
    )
    if (machine.freeDisk !== null && total.disk > machine.freeDisk) {
      yield* output.line(`✗ The disk of the store has ${byteText(machine.freeDisk)} left.`)
    }
    return exitCodes.done
  })
