/** Live progress: on a terminal one line that is drawn again, elsewhere a plain line now and then. */
import * as Effect from "effect/Effect"
import type { Event } from "../engine/Events.ts"
import type { ProgressReport } from "../pipeline/Progress.ts"
import type { Output } from "./Output.ts"

/** Seconds between plain lines of one step. */
const plainInterval = 10

/** Seconds between two drawings of the live line. */
const liveInterval = 0.1

interface Running {
  readonly startedAt: number
  /** How much was done before this run. */
  before: number
  report: ProgressReport | null
  reportedAt: number
}

const duration = (seconds: number): string =>
  seconds < 60
    ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
    : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`

/** "120/480 steps, 8.1/s, 44 s left, loss 2.31", where `before` of them took none of the seconds. */
export const progressText = (report: ProgressReport, elapsedSeconds: number, before: number): string => {
  const { done, figures = {}, total, unit } = report
  const rate = elapsedSeconds > 0 ? (done - before) / elapsedSeconds : 0
  const parts = [
    `${done}${total === null ? "" : `/${total}`} ${unit}`,
    ...(rate > 0 ? [`${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`] : []),
    ...(rate > 0 && total !== null && done < total ? [`${duration((total - done) / rate)} left`] : []),
    ...Object.entries(figures).map(([name, value]) => `${name} ${value.toPrecision(4)}`)
  ]
  return parts.join(", ")
}

/** Says what happens, as it happens. `clear` takes the live line away before other output. */
export interface Ticker {
  readonly emit: (event: Event) => Effect.Effect<void>
  readonly clear: Effect.Effect<void>
}

/** A ticker on a stream. The times it shows are the terminal's affair: no result depends on them. */
export const ticker = (output: Output, stream: NodeJS.WriteStream): Ticker => {
  const live = stream.isTTY === true && !output.json
  const running = new Map<string, Running>()
  let drawnAt = 0
  const now = () => performance.now() / 1000
  const erase = () => void (live && stream.write("\r\u001b[2K"))

  const draw = () => {
    if (!live || now() - drawnAt < liveInterval) return
    drawnAt = now()
    const texts = [...running].map(([step, { before, report, startedAt }]) =>
      report === null ? step : `${step}: ${progressText(report, now() - startedAt, before)}`
    )
    const width = stream.columns ?? 80
    const text = texts.join(" | ")
    erase()
    stream.write(text.length < width ? text : `${text.slice(0, width - 2)}…`)
  }

  const say = (event: OfOneStep, text: string) => {
    erase()
    return Effect.andThen(output.object(jsonOf(event)), output.line(text))
  }

  const progress = (event: Extract<Event, { kind: "progress" }>): Effect.Effect<void> => {
    const step = running.get(event.step)
    if (step === undefined) return Effect.void
    step.report = event.report
    if (live) return Effect.sync(draw)
    const last = event.report.total !== null && event.report.done >= event.report.total
    if (now() - step.reportedAt < plainInterval && !last) return Effect.void
    step.reportedAt = now()
    return say(event, `  ${event.step}: ${progressText(event.report, now() - step.startedAt, step.before)}`)
  }

  const emit = (event: Event): Effect.Effect<void> =>
    Effect.suspend(() => {
      switch (event.kind) {
        case "cached":
          erase()
          return Effect.andThen(
            output.objects(event.steps.map((node) => ({ event: event.kind, node }))),
            output.lines(event.steps.map((step) => `✓ ${step} (cached)`))
          )
        case "started":
          running.set(event.step, { startedAt: now(), before: 0, report: null, reportedAt: now() })
          return say(event, `▶ ${event.step}: ${event.reason}`)
        case "resumed": {
          const step = running.get(event.step)
          if (step !== undefined) step.before = event.done
          return say(event, `↻ ${event.step}: resumed at step ${event.done} of ${event.total}`)
        }
        case "warning":
          erase()
          return Effect.andThen(output.object(jsonOf(event)), output.trouble(`! ${event.step}: ${event.message}`))
        case "progress":
          return progress(event)
        case "finished":
          running.delete(event.step)
          return say(event, `✓ ${event.step} in ${duration(event.seconds)}`)
        case "failed":
          running.delete(event.step)
          erase()
          return Effect.andThen(output.object(jsonOf(event)), output.trouble(`✗ ${event.step}: ${event.message}`))
      }
    })

  return { emit, clear: Effect.sync(erase) }
}

type OfOneStep = Exclude<Event, { kind: "cached" }>

/** An event as an object for programs; a step is called a node there. */
const jsonOf = (event: OfOneStep): { readonly [key: string]: unknown } => {
  const { kind, step, ...rest } = event
  return { event: kind, node: step, ...rest }
}
