/** How a stage tells how far it is; nobody's result depends on it. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** One report: `done` of `total` units, and figures of the moment such as the loss. */
export interface ProgressReport {
  readonly done: number
  readonly total: number | null
  /** Plural noun: "rows", "steps", "questions". */
  readonly unit: string
  readonly figures?: Readonly<Record<string, number>>
}

/** Takes reports; the engine routes them to the terminal. Silent by default. */
export const Progress = Context.Reference<{
  readonly report: (report: ProgressReport) => Effect.Effect<void>
}>("tanren/pipeline/Progress", { defaultValue: () => ({ report: () => Effect.void }) })
