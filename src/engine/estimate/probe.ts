/** A short look at a stage while it computes a small part of its work: how fast this machine is, and how much it holds. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Probe } from "../../pipeline/Estimate.ts"
import { Progress, type ProgressReport } from "../../pipeline/Progress.ts"
import type { StageFailure } from "../../pipeline/Reader.ts"
import type { OnnxRuntime } from "../../runtime/OnnxRuntime.ts"
import type { Step } from "../Recipe.ts"
import { highestChild } from "./machine.ts"

/** Seconds after which a look ends once it has seen a piece of work from its beginning, and after which it ends anyway. */
const [enough, longest] = [10, 60]

/** Milliseconds between two looks at memory. */
const interval = 20

export interface Watched {
  /** Until the first piece of work begins. */
  readonly startSeconds: number
  /** Of matrix products; null when not one piece of work was done in time. */
  readonly flopASecond: number | null
  /** Bytes of the process that computes; null where the system does not tell. */
  readonly peak: number | null
}

interface Seen extends ProgressReport {
  readonly at: number
}

/** Speed between the first report and the last, so that what is done but once does not count; of a single one, up to it. */
const speedOf = (seen: ReadonlyArray<Seen>, started: number, flop: number) => {
  const [first, last] = [seen[0], seen.at(-1)]
  if (first === undefined || last === undefined) return { startSeconds: 0, flopASecond: null }
  const flopOf = (done: number) => (flop * done) / (last.total ?? last.done)
  if (last.done === first.done || last.at === first.at) {
    return { startSeconds: 0, flopASecond: flopOf(last.done) / Math.max(1e-3, last.at - started) }
  }
  const flopASecond = flopOf(last.done - first.done) / (last.at - first.at)
  return { startSeconds: Math.max(0, first.at - started - flopOf(first.done) / flopASecond), flopASecond }
}

/** Runs a step's stage on the inputs of a probe; what it gives is dropped. */
export const watch = (step: Step, probe: Probe): Effect.Effect<Watched, StageFailure, OnnxRuntime> =>
  Effect.gen(function* () {
    const now = Effect.map(Clock.currentTimeMillis, (milliseconds) => milliseconds / 1000)
    const seen: Array<Seen> = []
    let peak: number | null = null
    const look = Effect.sync(() => {
      const highest = highestChild()
      if (highest !== null) peak = Math.max(peak ?? 0, highest)
    })
    const started = yield* now
    const report = (one: ProgressReport) => Effect.map(now, (at) => void seen.push({ ...one, at }))
    const isOver = Effect.map(now, (at) => at - started > (seen.length > 1 ? enough : longest))
    const looks = Effect.repeat(Effect.andThen(look, isOver), {
      schedule: Schedule.spaced(interval),
      until: (over) => over
    })
    yield* step.node.stage
      .run(probe.inputs as never, probe.config as never)
      .pipe(Effect.provideService(Progress, { report }), Effect.asVoid, Effect.raceFirst(Effect.asVoid(looks)))
    return { ...speedOf(seen, started, probe.flop), peak }
  })
