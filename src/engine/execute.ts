/** Executing one step: readers in, the stage's function, contents out, and a record that is true or is not written. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { hostname } from "node:os"
import { Checkpoints } from "../pipeline/Checkpoints.ts"
import { Progress, type ProgressReport } from "../pipeline/Progress.ts"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Sources } from "../source/Sources.ts"
import type { ActionRecord } from "../store/ActionRecord.ts"
import type { StoreFailure } from "../store/Errors.ts"
import { Store } from "../store/Store.ts"
import { checkpointsOf } from "./checkpoints.ts"
import type { CodeFailure } from "./code/Errors.ts"
import { fingerprint } from "./code/fingerprint.ts"
import { modifiedMsOf } from "./code/View.ts"
import { InputMoved, StageBroken } from "./Errors.ts"
import { Events } from "./Events.ts"
import { bringHere, moved } from "./external.ts"
import type { Identity } from "./identity.ts"
import { type InputsResolved, writeOutputs } from "./outputs.ts"
import { pieceKeysOf } from "./pieces.ts"
import { readerOf } from "./readers.ts"
import type { Step } from "./Recipe.ts"
import { filesOf, type Resolved } from "./Resolved.ts"
import * as Tree from "./Tree.ts"

const timeOf = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** Modules of a step's code that were written since it was fingerprinted, unless they say the same as before. */
const movedModules = ({ code, node: { stage } }: Step): Effect.Effect<ReadonlyArray<string>, CodeFailure> =>
  Effect.gen(function* () {
    const touched = code.modules
      .filter(({ modifiedMs, path }) => modifiedMsOf(path) !== modifiedMs)
      .map(({ path }) => path)
    if (touched.length === 0) return []
    const now = yield* fingerprint(stage)
    return now.digest === code.digest ? [] : touched
  })

/** Files and code that a step is made from and that changed since they were looked at. */
const movedOf = (step: Step, inputs: InputsResolved): Effect.Effect<ReadonlyArray<string>, CodeFailure, Store> =>
  Effect.gen(function* () {
    const files = Object.values(inputs).flatMap(Tree.leaves).flatMap(filesOf)
    return [...(yield* moved(files)), ...(yield* movedModules(step))]
  })

/** A defect inside a stage is told as a failure of that stage: other steps go on. */
const contain =
  (step: Step) =>
  <A, E extends StageFailure, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.catchCause(effect, (cause): Effect.Effect<never, E | StageBroken> => {
      if (Cause.hasInterrupts(cause) || !Cause.hasDies(cause)) return Effect.failCause(cause)
      const reason = Cause.squash(cause)
      return Effect.fail(
        new StageBroken({
          step: step.name,
          stage: step.node.stage.name,
          reason: reason instanceof Error ? reason.message : String(reason)
        })
      )
    })

/** What a stage gave, in the store under its key. */
export interface Executed {
  readonly record: ActionRecord
  /** Makes it durable; then the way there is no longer needed. */
  readonly settle: Effect.Effect<void, StoreFailure>
}

/**
 * Runs a step's stage and stores what it gives under its key. Nothing is stored when the stage fails, when it is
 * interrupted, or when files or code it was made from changed meanwhile; but a stage that keeps checkpoints, with these
 * seconds between them, goes on from the last one when it is run again.
 */
export const execute = (
  step: Step,
  identity: Identity,
  wanted: InputsResolved,
  checkpointSeconds: number
): Effect.Effect<Executed, StageFailure, Store | Sources | OnnxRuntime> =>
  Effect.scoped(
    Effect.gen(function* () {
      const store = yield* Store
      const { emit } = yield* Events
      const started = yield* Clock.currentTimeMillis
      const report = (progress: ProgressReport) => emit({ kind: "progress", step: step.name, report: progress })
      const inputs: Record<string, Tree.Tree<Resolved>> = {}
      const readers: Record<string, unknown> = {}
      for (const [port, tree] of Object.entries(wanted)) {
        const here = yield* Effect.provideService(Tree.mapEffect(tree, bringHere), Progress, { report })
        inputs[port] = here
        readers[port] = Tree.unwrap(yield* Tree.mapEffect(here, readerOf))
      }
      const portOf = (reader: unknown) => Object.keys(readers).find((port) => readers[port] === reader) ?? null

      const intact = Effect.map(movedOf(step, inputs), (paths) => paths.length === 0)
      const checkpoints = yield* checkpointsOf(step, identity, checkpointSeconds, intact)

      const outputs = yield* step.node.stage
        .run(
          // The ports' types were checked where the node was built; here every stage looks the same.
          readers as never,
          step.config.value as never
        )
        .pipe(
          Effect.flatMap((contents) =>
            writeOutputs(step, contents, portOf, inputs, (output) => pieceKeysOf(identity, output, portOf, intact))
          ),
          Effect.provideService(Checkpoints, checkpoints.service),
          Effect.provideService(Progress, { report })
        )

      const paths = yield* movedOf(step, inputs)
      if (paths.length > 0) return yield* new InputMoved({ step: step.name, paths })

      const record: ActionRecord = {
        format: 1,
        key: identity.key,
        stage: step.node.stage.name,
        ingredients: identity.ingredients,
        outputs,
        provenance: {
          started: timeOf(started),
          finished: timeOf(yield* Clock.currentTimeMillis),
          host: hostname(),
          step: step.name
        }
      }
      yield* store.actions.show(record)
      return { record, settle: Effect.andThen(store.actions.put(record), checkpoints.settle) }
    })
  ).pipe(contain(step))
