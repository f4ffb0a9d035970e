/** Loading a pipeline file: a module whose default export is an experiment. */
import * as Effect from "effect/Effect"
import { existsSync, statSync } from "node:fs"
import * as path from "node:path"
import { pathToFileURL } from "node:url"
import type { Experiment } from "../pipeline/Experiment.ts"
import { BadPipeline } from "../engine/Errors.ts"

export interface Loaded {
  readonly experiment: Experiment
  /** Absolute folder of the file, against which its paths resolve. */
  readonly root: string
  /** When this process began: a module that changed after this may not be the code in memory. */
  readonly loadedAtMs: number
}

const isExperiment = (value: unknown): value is Experiment =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === "experiment"

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

/** Imports the file. Fails when it is not there, does not load, or exports something else. */
export const loadExperiment = (file: string): Effect.Effect<Loaded, BadPipeline> =>
  Effect.gen(function* () {
    const absolute = path.resolve(file)
    const fail = (reason: string) => Effect.fail(new BadPipeline({ file, reason }))
    if (!existsSync(absolute)) return yield* fail("there is no such file.")
    if (!statSync(absolute).isFile()) return yield* fail("it is not a file.")
    const module: { readonly default?: unknown } = yield* Effect.tryPromise({
      try: () => import(pathToFileURL(absolute).href),
      catch: (cause) => new BadPipeline({ file, reason: `it does not load: ${reasonOf(cause)}` })
    })
    if (!isExperiment(module.default)) {
      return yield* fail(
        'its default export is not an experiment; end it with "export default experiment(name, { results })".'
      )
    }
    return { experiment: module.default, root: path.dirname(absolute), loadedAtMs: performance.timeOrigin }
  })
