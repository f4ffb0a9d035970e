/** The command line: reads the arguments, loads the experiment, hands it to a verb, ends with the verb's exit code. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import type { StageFailure } from "../pipeline/Reader.ts"
import { recipeOf } from "../engine/Recipe.ts"
import { type BadUse, help, type Invocation, invocation, type Options, type Verb } from "./arguments.ts"
import { type ExitCode, exitCodes } from "./exitCodes.ts"
import { existingStore, live } from "./live.ts"
import { loadExperiment } from "./loadExperiment.ts"
import { type Output, output } from "./Output.ts"
import { recordPath } from "./recordPath.ts"

/** Verbs about the store as it is, whatever experiments it serves. */
type StoreVerb = "gc" | "check"

const runStoreVerb = (verb: StoreVerb, options: Options, to: Output) =>
  Effect.gen(function* () {
    switch (verb) {
      case "gc":
        return yield* (yield* Effect.promise(() => import("./verbs/gc.ts"))).gcVerb(options, to)
      case "check":
        return yield* (yield* Effect.promise(() => import("./verbs/check.ts"))).checkVerb(options.repair, to)
    }
  }).pipe(Effect.provide(existingStore(options)))

/** Runs a verb. Verbs are loaded when they are asked for, so that each pays for its own start-up alone. */
const runVerb = (verb: Exclude<Verb, StoreVerb>, options: Options, to: Output) =>
  Effect.gen(function* () {
    const [first = "", second = null] = options.operands
    if (verb === "diff")
      return yield* (yield* Effect.promise(() => import("./verbs/diff.ts"))).diffVerb(first, second ?? "", to)
    const { experiment, loadedAtMs, root } = yield* loadExperiment(first)
    const recipe = yield* recipeOf(experiment, loadedAtMs)
    switch (verb) {
      case "run":
        return yield* (yield* Effect.promise(() => import("./verbs/run.ts"))).runVerb(recipe, root, options, to)
      case "plan": {
        if (!options.estimate)
          return yield* (yield* Effect.promise(() => import("./verbs/plan.ts"))).planVerb(recipe, root, second, to)
        const { estimateVerb } = yield* Effect.promise(() => import("./verbs/estimate.ts"))
        return yield* estimateVerb(recipe, root, second, options.processes, to)
      }
      case "why":
        return yield* (yield* Effect.promise(() => import("./verbs/why.ts"))).whyVerb(recipe, root, second, to)
      case "graph":
        return yield* (yield* Effect.promise(() => import("./verbs/graph.ts"))).graphVerb(recipe, to)
      case "show":
        return yield* (yield* Effect.promise(() => import("./verbs/show.ts"))).showVerb(recipe, root, second, to)
      case "lock":
        return yield* (yield* Effect.promise(() => import("./verbs/lock.ts"))).lockVerb(recipe, options.update, to)
      case "record": {
        const { recordVerb } = yield* Effect.promise(() => import("./verbs/record.ts"))
        return yield* recordVerb(recipe, root, second ?? recordPath(first), to)
      }
      case "verify": {
        const { verifyVerb } = yield* Effect.promise(() => import("./verbs/verify.ts"))
        return yield* verifyVerb(recipe, root, second ?? recordPath(first), to)
      }
    }
  }).pipe(Effect.provide(live(options)))

const perform = (asked: Invocation): Effect.Effect<ExitCode> => {
  if (asked.kind === "help") return Effect.as(output(false).line(help(asked.verb)), exitCodes.done)
  const to = output(asked.options.json)
  const { options, verb } = asked
  const done = verb === "gc" || verb === "check" ? runStoreVerb(verb, options, to) : runVerb(verb, options, to)
  return done.pipe(Effect.catchCause((cause) => told(cause, to)))
}

/** Failures that come before any stage runs are bad use or a bad pipeline; a defect is told in one paragraph too. */
const told = (cause: Cause.Cause<StageFailure>, to: Output): Effect.Effect<ExitCode> => {
  if (Cause.hasInterrupts(cause)) return Effect.interrupt
  const failure = Cause.squash(cause)
  const message = failure instanceof Error ? failure.message : String(failure)
  return Effect.as(to.trouble(message), exitCodes.badUse)
}

const refused = (failure: BadUse): Effect.Effect<ExitCode> =>
  Effect.as(output(false).trouble(failure.message), exitCodes.badUse)

/** The whole effect fails in one way only: it is interrupted. */
const codeOf = (exit: Exit.Exit<unknown, unknown>): number =>
  Exit.isSuccess(exit) && typeof exit.value === "number" ? exit.value : exitCodes.interrupted

/** Runs the command line; `argv` holds the words after the program's name. SIGINT and SIGTERM interrupt: exit code 130. */
export const main = (argv: ReadonlyArray<string>): void =>
  invocation(argv, process.env).pipe(
    Effect.flatMap(perform),
    Effect.catch(refused),
    NodeRuntime.runMain({
      disableErrorReporting: true,
      teardown: (exit, onExit) => onExit(codeOf(exit))
    })
  )
