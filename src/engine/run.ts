/** Running a recipe: every step as soon as its inputs are there, side by side within a bound. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import { randomUUID } from "node:crypto"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Sources } from "../source/Sources.ts"
import type { RunRecord } from "../store/Runs.ts"
import { Store } from "../store/Store.ts"
import { DependencyFailed, ResultDamaged } from "./Errors.ts"
import { Events } from "./Events.ts"
import { execute } from "./execute.ts"
import { type Known, lookup, outputsOf, resolveInputs, resolveSource } from "./lookup.ts"
import type { Recipe, Step } from "./Recipe.ts"

/** What became of a step. */
export type Outcome =
  | { readonly kind: "cached"; readonly known: Known }
  | { readonly kind: "ran"; readonly known: Known; readonly seconds: number }
  | { readonly kind: "failed"; readonly failure: StageFailure }
  /** Something it reads failed. */
  | { readonly kind: "not started"; readonly dependency: string }

export interface RunOptions {
  /** The pipeline file's folder. */
  readonly root: string
  /** Most stages at work at once. */
  readonly jobs: number
  /** Most stages at work at once that use the runtime: one for each device. */
  readonly computeJobs: number
  /** Seconds of work that an interruption may cost a stage which keeps checkpoints; 0: none but the step at hand. */
  readonly checkpointSeconds: number
}

interface Obtained {
  readonly known: Known
  readonly seconds: number | null
}

/**
 * Obtains every step of a recipe. A failure stops what depends on it and nothing else: the effect itself succeeds, and
 * says what became of each step, in the recipe's order.
 */
export const run = (
  recipe: Recipe,
  options: RunOptions
): Effect.Effect<ReadonlyMap<Step, Outcome>, never, Store | Sources | OnnxRuntime> =>
  Effect.gen(function* () {
    const store = yield* Store
    const { emit } = yield* Events
    const experiment = recipe.experiment.name
    const began = yield* Clock.currentTimeMillis
    const keys = new Map<string, RunRecord["nodes"][string]>()
    const jobs = yield* Semaphore.make(options.jobs)
    const computeJobs = yield* Semaphore.make(options.computeJobs)
    const obtaining = new Map<Step, Effect.Effect<Obtained, StageFailure, Store | Sources | OnnxRuntime>>()

    const obtain = (step: Step): Effect.Effect<Obtained, StageFailure, Store | Sources | OnnxRuntime> =>
      Effect.suspend(() => obtaining.get(step) ?? Effect.die(`internal: "${step.name}" is read before it is laid out`))

    const knownTo = (reader: Step) => (step: Step) =>
      obtain(step).pipe(
        Effect.map(({ known }) => known),
        Effect.mapError(() => new DependencyFailed({ step: reader.name, dependency: step.name }))
      )

    const bounded = (step: Step) =>
      step.node.stage.computes
        ? <A, E, R>(effect: Effect.Effect<A, E, R>) => computeJobs.withPermits(1)(jobs.withPermits(1)(effect))
        : jobs.withPermits(1)

    /** Runs a step's stage, unless its result is there whole: whoever asks second, here or elsewhere, waits and shares it. */
    const produce = (step: Step): Effect.Effect<Obtained, StageFailure, Store | Sources | OnnxRuntime> =>
      Effect.gen(function* () {
        const inputs = yield* resolveInputs(
          step,
          resolveSource(options.root, (read) => verified(step, read))
        )
        const sought = yield* lookup(experiment, step, inputs, "content")
        if (sought.kind === "hit") return { known: sought.known, seconds: null }
        const { identity, reason } = sought
        const find = Effect.map(lookup(experiment, step, inputs, "content"), (found): Obtained | null =>
          found.kind === "hit" ? { known: found.known, seconds: null } : null
        )
        const compute = Effect.gen(function* () {
          const started = yield* Clock.currentTimeMillis
          yield* emit({ kind: "started", step: step.name, stage: step.node.stage.name, reason })
          keys.set(step.name, { key: identity.key, outcome: "failed" })
          const outputs = yield* outputsOf(
            step,
            yield* execute(step, identity, inputs, options.checkpointSeconds),
            inputs
          )
          if (outputs === null)
            return yield* Effect.die(`internal: "${step.name}" stored other outputs than it promises`)
          const seconds = ((yield* Clock.currentTimeMillis) - started) / 1000
          return { known: { step, identity, inputs, outputs }, seconds }
        })
        return yield* store.leases.share(identity.key, find, bounded(step)(compute))
      })

    /** Before a stage reads a stored result it is checked byte for byte; one that fails is made again. */
    const verified = (reader: Step, step: Step): Effect.Effect<Known, StageFailure, Store | Sources | OnnxRuntime> =>
      Effect.gen(function* () {
        const known = yield* knownTo(reader)(step)
        const found = yield* lookup(experiment, step, known.inputs, "content")
        if (found.kind === "hit") return found.known
        const again = (yield* produce(step)).known
        const same = Object.entries(known.outputs).every(([name, { digest }]) => again.outputs[name]?.digest === digest)
        return same ? again : yield* new ResultDamaged({ step: step.name })
      })

    const attempt = (step: Step): Effect.Effect<Obtained, StageFailure, Store | Sources | OnnxRuntime> =>
      Effect.gen(function* () {
        const inputs = yield* resolveInputs(step, resolveSource(options.root, knownTo(step)))
        const found = yield* lookup(experiment, step, inputs, isSmall(step) ? "content" : "stat")
        const obtained = found.kind === "hit" ? { known: found.known, seconds: null } : yield* produce(step)
        yield* emit(
          obtained.seconds === null
            ? { kind: "cached", step: step.name }
            : { kind: "finished", step: step.name, seconds: obtained.seconds }
        )
        keys.set(step.name, { key: obtained.known.identity.key, outcome: obtained.seconds === null ? "hit" : "ran" })
        return obtained
      }).pipe(
        Effect.tapError((failure) =>
          failure instanceof DependencyFailed
            ? Effect.void
            : emit({ kind: "failed", step: step.name, message: failure.message })
        )
      )

    for (const step of recipe.steps) obtaining.set(step, yield* Effect.cached(attempt(step)))
    const exits = yield* Effect.forEach(
      recipe.steps,
      (step) => Effect.map(Effect.exit(obtain(step)), (exit) => [step, exit] as const),
      { concurrency: "unbounded" }
    ).pipe(Effect.ensuring(Effect.ignore(record(experiment, keys, began))))
    return new Map(
      yield* Effect.forEach(exits, ([step, exit]) => Effect.map(outcomeOf(exit), (outcome) => [step, outcome] as const))
    )
  })

/** Values are shown and judged without a stage that reads them, so they are checked byte for byte on every run. */
const isSmall = (step: Step): boolean => Object.values(step.node.outputs).every(({ kind }) => kind === "value")

/** Keeps what the run did, also when it is interrupted: the baseline of `why`, and what garbage collection spares. */
const record = (experiment: string, nodes: ReadonlyMap<string, RunRecord["nodes"][string]>, began: number) =>
  Effect.gen(function* () {
    const { runs } = yield* Store
    const started = new Date(began).toISOString()
    const obtained = [...nodes].filter(([, { outcome }]) => outcome !== "failed")
    yield* runs.remember(experiment, Object.fromEntries(obtained.map(([name, { key }]) => [name, key])))
    yield* runs.record({
      format: 1,
      id: `${started.replaceAll(":", ".")}-${randomUUID().slice(0, 8)}`,
      experiment,
      started,
      finished: new Date(yield* Clock.currentTimeMillis).toISOString(),
      nodes: Object.fromEntries(nodes),
      detail: null
    })
  })

const outcomeOf = (exit: Exit.Exit<Obtained, StageFailure>): Effect.Effect<Outcome> => {
  if (Exit.isSuccess(exit)) {
    const { known, seconds } = exit.value
    return Effect.succeed(seconds === null ? { kind: "cached", known } : { kind: "ran", known, seconds })
  }
  const failure = Cause.squash(exit.cause)
  if (failure instanceof DependencyFailed) {
    return Effect.succeed({ kind: "not started", dependency: failure.dependency })
  }
  return isStageFailure(failure) ? Effect.succeed({ kind: "failed", failure }) : Effect.die(failure)
}

const isStageFailure = (failure: unknown): failure is StageFailure =>
  typeof failure === "object" && failure !== null && "_tag" in failure && "message" in failure
