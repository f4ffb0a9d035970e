/** Running a recipe: every step as soon as its inputs are there, side by side within a bound. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Semaphore from "effect/Semaphore"
import { randomUUID } from "node:crypto"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Sources } from "../source/Sources.ts"
import type { Turn } from "../store/Leases.ts"
import type { RunRecord } from "../store/Runs.ts"
import { Store } from "../store/Store.ts"
import { DependencyFailed, PartDamaged, ResultDamaged } from "./Errors.ts"
import { Events } from "./Events.ts"
import { type Depth, intact, type Known, lookup, outputsOf, resolveInputs, resolveSource } from "./lookup.ts"
import { identify } from "./identity.ts"
import type { Recipe, Step } from "./Recipe.ts"
import { type Sight, survey } from "./survey.ts"

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
  /** How long its stage worked; null where it was there. */
  readonly seconds: number | null
  /** Makes it durable. */
  readonly settle: Effect.Effect<void, StageFailure>
}

/** What a look found of a step whose result it did not find. */
type Unseen = Exclude<Sight, { kind: "hit" }>

const alreadyThere = (known: Known): Obtained => ({ known, seconds: null, settle: Effect.void })

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
    /** Loaded at the first need of it: a run that finds everything executes nothing. */
    const executing = yield* Effect.cached(Effect.promise(() => import("./execute.ts")))
    /** What is there before anything starts. */
    const there = new Map<Step, Known>()
    /** What each further step gives: told as soon as others may read it, which is before it is durable. */
    const given = new Map<Step, Deferred.Deferred<Known, StageFailure>>()
    /** Tells whoever waits for a step; a result that was there and is made again is waited for by its reader alone. */
    const tell = (step: Step, exit: Exit.Exit<Known, StageFailure>): Effect.Effect<void> => {
      const waiting = given.get(step)
      return waiting === undefined ? Effect.void : Effect.asVoid(Deferred.done(waiting, exit))
    }

    const knownTo =
      (reader: Step) =>
      (step: Step): Effect.Effect<Known, DependencyFailed> => {
        const known = there.get(step)
        if (known !== undefined) return Effect.succeed(known)
        const waiting = given.get(step)
        if (waiting === undefined) throw new Error(`internal: "${step.name}" is read before it is laid out`)
        return Effect.mapError(
          Deferred.await(waiting),
          () => new DependencyFailed({ step: reader.name, dependency: step.name })
        )
      }

    const bounded = (step: Step): Turn =>
      step.node.stage.computes
        ? (effect) => computeJobs.withPermits(1)(jobs.withPermits(1)(effect))
        : jobs.withPermits(1)

    /** Runs a step's stage, unless its result is there whole: whoever asks second, here or elsewhere, waits and shares it. */
    const produce = (step: Step): Effect.Effect<Obtained, StageFailure, Store | Sources | OnnxRuntime> =>
      Effect.catchIf(
        produceFrom(step, "stat"),
        (failure) => failure instanceof PartDamaged,
        // It came to light in the middle of the work: every table is looked through before the work begins again.
        () => produceFrom(step, "content")
      )

    const produceFrom = (
      step: Step,
      tables: Depth
    ): Effect.Effect<Obtained, StageFailure, Store | Sources | OnnxRuntime> =>
      Effect.gen(function* () {
        const inputs = yield* resolveInputs(
          step,
          resolveSource(options.root, (read) => verified(step, read, tables))
        )
        const identity = yield* identify(step, inputs)
        /** Why it is computed: what the look said that did not find it. */
        let reason = ""
        const find = Effect.map(lookup(experiment, step, inputs, "content"), (found): Obtained | null => {
          if (found.kind === "hit") return alreadyThere(found.known)
          reason = found.reason
          return null
        })
        const compute = Effect.gen(function* () {
          const started = yield* Clock.currentTimeMillis
          yield* emit({ kind: "started", step: step.name, stage: step.node.stage.name, reason })
          keys.set(step.name, { key: identity.key, outcome: "failed" })
          const { execute } = yield* executing
          const { record, settle } = yield* execute(step, identity, inputs, options.checkpointSeconds)
          const outputs = outputsOf(store, step, record, inputs)
          if (outputs === null)
            return yield* Effect.die(`internal: "${step.name}" stored other outputs than it promises`)
          const seconds = ((yield* Clock.currentTimeMillis) - started) / 1000
          return { known: { step, identity, inputs, outputs, record }, seconds, settle }
        })
        const made = yield* store.leases.share(identity.key, find, compute, bounded(step))
        yield* tell(step, Exit.succeed(made.known))
        yield* made.settle
        return made
      })

    /** Before a stage reads a stored result it is checked, a table as deep as `tables` says; one that fails is made again. */
    const verified = (
      reader: Step,
      step: Step,
      tables: Depth
    ): Effect.Effect<Known, StageFailure, Store | Sources | OnnxRuntime> =>
      Effect.gen(function* () {
        const known = yield* knownTo(reader)(step)
        if (yield* intact(known.record, "content", tables)) return known
        const again = (yield* produce(step)).known
        const same = Object.entries(known.outputs).every(([name, { digest }]) => again.outputs[name]?.digest === digest)
        return same ? again : yield* new ResultDamaged({ step: step.name })
      })

    const obtained = (step: Step, { known, seconds }: Obtained): Effect.Effect<void> =>
      Effect.suspend(() => {
        keys.set(step.name, { key: known.identity.key, outcome: seconds === null ? "hit" : "ran" })
        return emit(
          seconds === null ? { kind: "cached", steps: [step.name] } : { kind: "finished", step: step.name, seconds }
        )
      })

    const attempt = (step: Step, sight: Unseen): Effect.Effect<Obtained, StageFailure, Store | Sources | OnnxRuntime> =>
      Effect.gen(function* () {
        if (sight.kind === "miss") return yield* produce(step)
        const inputs = yield* resolveInputs(step, resolveSource(options.root, knownTo(step)))
        const found = yield* lookup(experiment, step, inputs, depthOf(step))
        return found.kind === "hit" ? alreadyThere(found.known) : yield* produce(step)
      }).pipe(
        Effect.tap((result) => obtained(step, result)),
        Effect.tapError((failure) =>
          failure instanceof DependencyFailed
            ? Effect.void
            : emit({ kind: "failed", step: step.name, message: failure.message })
        ),
        Effect.onExit((exit) =>
          tell(
            step,
            Exit.map(exit, ({ known }) => known)
          )
        )
      )

    const obtain = ([step, sight]: readonly [Step, Unseen]) =>
      Effect.map(Effect.flatMap(Effect.exit(attempt(step, sight)), outcomeOf), (outcome) => [step, outcome] as const)

    const all = Effect.gen(function* () {
      const open: Array<readonly [Step, Unseen]> = []
      // What is there needs no fiber: it is told in one piece, before anything starts.
      for (const [step, sight] of yield* survey(recipe, options.root, depthOf)) {
        if (sight.kind === "hit") {
          there.set(step, sight.known)
          keys.set(step.name, { key: sight.known.identity.key, outcome: "hit" })
        } else {
          given.set(step, yield* Deferred.make<Known, StageFailure>())
          open.push([step, sight])
        }
      }
      if (there.size > 0) yield* emit({ kind: "cached", steps: [...there.keys()].map(({ name }) => name) })
      return new Map(yield* Effect.forEach(open, obtain, { concurrency: "unbounded" }))
    })
    const made = yield* Effect.ensuring(all, Effect.ignore(record(experiment, keys, began)))
    const outcomeIn = (step: Step): Outcome => {
      const known = there.get(step)
      const outcome = known === undefined ? made.get(step) : ({ kind: "cached", known } as const)
      if (outcome === undefined) throw new Error(`internal: nothing came of "${step.name}"`)
      return outcome
    }
    return new Map(recipe.steps.map((step) => [step, outcomeIn(step)]))
  })

/** Values are shown and judged without a stage that reads them, so they are checked byte for byte on every run. */
const depthOf = (step: Step): "stat" | "content" =>
  Object.values(step.node.outputs).every(({ kind }) => kind === "value") ? "content" : "stat"

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
