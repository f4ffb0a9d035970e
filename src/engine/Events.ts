/** What happens during a run, as it happens: for a terminal, a log, a test. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { ProgressReport } from "../pipeline/Progress.ts"

export type Event =
  /** Results were found in the store: of many steps at once where a run begins. */
  | { readonly kind: "cached"; readonly steps: ReadonlyArray<string> }
  | { readonly kind: "started"; readonly step: string; readonly stage: string; readonly reason: string }
  /** A step's work goes on from a checkpoint: `done` of its `total` steps are behind it. */
  | { readonly kind: "resumed"; readonly step: string; readonly done: number; readonly total: number }
  /** Something that a person should know of went wrong and changes no result. */
  | { readonly kind: "warning"; readonly step: string; readonly message: string }
  | { readonly kind: "progress"; readonly step: string; readonly report: ProgressReport }
  | { readonly kind: "finished"; readonly step: string; readonly seconds: number }
  | { readonly kind: "failed"; readonly step: string; readonly message: string }

/** Takes events; silent by default. */
export const Events = Context.Reference<{
  readonly emit: (event: Event) => Effect.Effect<void>
}>("tanren/engine/Events", { defaultValue: () => ({ emit: () => Effect.void }) })
