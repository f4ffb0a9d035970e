/** What each step of a recipe that would run will take: rows, arithmetic, memory, disk and time. Nothing is stored. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { Estimate, Estimator } from "../../pipeline/Estimate.ts"
import type { FilesReader, ModelReader, StageFailure } from "../../pipeline/Reader.ts"
import { OnnxRuntime } from "../../runtime/OnnxRuntime.ts"
import type { Sources } from "../../source/Sources.ts"
import { Store } from "../../store/Store.ts"
import { resolveExternal } from "../external.ts"
import { plan, type Planned } from "../plan.ts"
import type { Recipe, Source, Step } from "../Recipe.ts"
import * as Tree from "../Tree.ts"
import { type Machine, machineAt } from "./machine.ts"
import { type Excess, excessOf, type Needed, neededOf, processOnCpu } from "./memory.ts"
import { watch, type Watched } from "./probe.ts"
import { bytesOf, readerOfSample, type Sample, sampleOf } from "./samples.ts"
import { diskOf, type Tried, tryFiles, tryTables } from "./trial.ts"

/** What a step will take; null where it cannot be told. */
export interface StepEstimate {
  readonly planned: Planned
  /** Rows of each table it gives, and whether they are counted rather than estimated. */
  readonly rows: { readonly [output: string]: { readonly rows: number; readonly exact: boolean } }
  readonly tokens: number | null
  readonly flop: number | null
  readonly memory: Needed | null
  /** Bytes that its results will have in the store. */
  readonly disk: number | null
  readonly seconds: number | null
  readonly excess: Excess | null
  /** Why something cannot be told, if so. */
  readonly unknown: string | null
}

export interface Estimates {
  readonly machine: Machine
  readonly steps: ReadonlyArray<StepEstimate>
}

interface Setting {
  /** Whether anybody asked for the step: others are sampled, and not watched. */
  readonly isSelected: (step: Step) => boolean
  readonly processes: number
  readonly machine: Machine
  /** What was seen of work of one kind on one model: the same look serves all of it. */
  readonly looks: Map<string, Watched>
}

type Samples = { readonly [port: string]: Tree.Tree<Sample> }

const leavesOf = (samples: Samples): ReadonlyArray<Sample> => Object.values(samples).flatMap(Tree.leaves)

const readersOf = (samples: Samples): { readonly [port: string]: unknown } =>
  Object.fromEntries(Object.entries(samples).map(([port, tree]) => [port, Tree.unwrap(Tree.map(tree, readerOfSample))]))

/** What the stage's own estimator says; an empty estimate where it has none. */
const asked = (step: Step, samples: Samples): Effect.Effect<Estimate, StageFailure> =>
  Effect.gen(function* () {
    const { estimate } = step.node
    if (estimate === undefined) return {}
    // The types were checked where the node was built; here every estimator looks the same.
    const estimator = (yield* Effect.promise(estimate)) as Estimator<unknown, unknown>
    return yield* estimator(readersOf(samples), step.config.value)
  })

/** The one port that has files, where a step reads nothing but files. */
const filesPort = (samples: Samples): readonly [port: string, files: FilesReader] | null => {
  const ports = Object.entries(samples)
  const [only] = ports
  return ports.length === 1 && only?.[1].kind === "leaf" && only[1].leaf.kind === "files"
    ? [only[0], only[1].leaf.reader]
    : null
}

const tried = (step: Step, samples: Samples, estimate: Estimate): Effect.Effect<Tried, StageFailure, OnnxRuntime> => {
  const files = filesPort(samples)
  if (files === null) return tryTables(step, samples, estimate.rows ?? {})
  const [port, reader] = files
  return tryFiles(step, reader, (some) => ({ ...readersOf(samples), [port]: some }))
}

const adapterBytes = ({ adapters = {} }: Estimate): number =>
  Object.values(adapters).reduce((all, files) => all + bytesOf(files), 0)

/** The model that a step tunes, with the adapter that it will make. */
const tunedFrom = (samples: Samples, adapter: FilesReader): Sample => {
  const base = leavesOf(samples).find((sample) => sample.kind === "model")
  if (base?.kind !== "model") return { kind: "unknown", reason: "it tunes no model" }
  const reader: ModelReader = { ...base.reader, adapters: [...base.reader.adapters, adapter] }
  return { kind: "model", reader, here: base.here }
}

const unknownOutputs = (step: Step, reason: string): { readonly [name: string]: Sample } =>
  Object.fromEntries(Object.keys(step.node.outputs).map((name) => [name, { kind: "unknown", reason }]))

const isModelHere = (samples: Samples): boolean =>
  leavesOf(samples).every((sample) => sample.kind !== "model" || sample.here)

/** A look at the work, if the model is here and fits; one for each stage, config and base. */
const lookAt = (
  step: Step,
  samples: Samples,
  work: NonNullable<Estimate["work"]>,
  { isSelected, looks, machine, processes }: Setting
) =>
  Effect.gen(function* () {
    const { identity } = yield* OnnxRuntime
    const base = leavesOf(samples).flatMap((sample) => (sample.kind === "model" ? sample.reader.base.entries : []))
    const key = JSON.stringify([step.node.stage.name, step.config.text, base.map(({ digest }) => digest)])
    const known = looks.get(key)
    if (known !== undefined) return known
    const probed = { ...work, memory: work.probe.memory, remedies: () => [] }
    if (!isSelected(step) || !isModelHere(samples) || excessOf(probed, identity.provider, processes, machine) !== null)
      return null
    const seen = yield* Effect.result(watch(step, work.probe))
    if (Result.isFailure(seen)) return null
    looks.set(key, seen.success)
    return seen.success
  })

/** What there is to tell of a step whose inputs are sampled, and the samples of its outputs. */
const estimateStep = (planned: Planned, samples: Samples, setting: Setting) =>
  Effect.gen(function* () {
    const { step } = planned
    const { identity } = yield* OnnxRuntime
    const estimate = yield* asked(step, samples)
    const { work } = estimate
    if (work === undefined) {
      const { outputs, seconds } = yield* tried(step, samples, estimate)
      let disk = 0
      for (const output of Object.values(outputs)) disk += output.kind === "table" ? yield* diskOf(output) : 0
      const rows = Object.entries(outputs).flatMap(([name, output]) =>
        output.kind === "table" ? [[name, { rows: output.total, exact: output.exact }] as const] : []
      )
      return { outputs, told: { ...nothing(planned), rows: Object.fromEntries(rows), disk, seconds } }
    }
    const look = yield* lookAt(step, samples, work, setting)
    const beyond = look?.peak == null ? 0 : look.peak - processOnCpu(work.probe.memory)
    const outputs = Object.fromEntries(
      Object.keys(step.node.outputs).map((name): readonly [string, Sample] => {
        const adapter = estimate.adapters?.[name]
        return [name, adapter === undefined ? later(step) : tunedFrom(samples, adapter)]
      })
    )
    const speed = look?.flopASecond ?? null
    return {
      outputs,
      told: {
        ...nothing(planned),
        tokens: work.tokens,
        flop: work.flop,
        memory: neededOf(work.memory, identity.provider, setting.processes, identity.provider === "cpu" ? beyond : 0),
        disk: adapterBytes(estimate),
        seconds: speed === null ? null : (look?.startSeconds ?? 0) + work.flop / speed,
        excess: excessOf(work, identity.provider, setting.processes, setting.machine)
      }
    }
  })

const later = (step: Step): Sample => ({ kind: "unknown", reason: `it depends on what "${step.name}" gives` })

const nothing = (planned: Planned): StepEstimate => ({
  planned,
  rows: {},
  tokens: null,
  flop: null,
  memory: null,
  disk: null,
  seconds: null,
  excess: null,
  unknown: null
})

/** Why a step cannot be estimated from its inputs, if so. */
const obstacle = (samples: Samples): string | null => {
  for (const sample of leavesOf(samples)) {
    if (sample.kind === "unknown") return sample.reason
    if (sample.kind === "files" && !sample.here) {
      const names = sample.reader.entries.map(({ path }) => path)
      const size = (bytesOf(sample.reader) / 1e6).toFixed(1)
      return `unknown until ${names.slice(0, 3).join(", ")}${names.length > 3 ? ", ..." : ""} (${size} MB) is fetched`
    }
  }
  return null
}

/** A stage that fails on a sample, even by a defect, leaves its own step unknown and those after it. */
const reasonOf = (cause: Cause.Cause<StageFailure>): string => {
  const failure = Cause.squash(cause)
  return failure instanceof Error ? failure.message : String(failure)
}

/** Samples of a step's outputs, each taken where it is asked for. */
type Sampled = { readonly [output: string]: Effect.Effect<Sample, StageFailure, Store> }

const atHand = (samples: { readonly [output: string]: Sample }): Sampled =>
  Object.fromEntries(Object.entries(samples).map(([output, sample]) => [output, Effect.succeed(sample)]))

/**
 * Estimates every step of a plan that would run, in the recipe's order. What is not made yet is known by samples: stages that
 * compute nothing are run on a few thousand rows, in memory. Those that compute are looked at for seconds, where their model is
 * here and fits. Nothing is fetched, and nothing written to the store.
 */
export const estimatePlan = (
  recipe: Recipe,
  root: string,
  processes: number,
  isSelected: (step: Step) => boolean
): Effect.Effect<Estimates, StageFailure, Store | Sources | OnnxRuntime> =>
  Effect.gen(function* () {
    const { folders } = yield* Store
    const { identity } = yield* OnnxRuntime
    const machine = yield* machineAt(folders.root, identity.provider)
    const setting: Setting = { isSelected, processes, machine, looks: new Map() }
    /** What is there already is sampled where a step that would run reads it. */
    const known = new Map<Step, Sampled>()
    const steps: Array<StepEstimate> = []

    const sampleAt = (source: Source) =>
      source.kind === "external"
        ? Effect.flatMap(resolveExternal(root, source.files, source.as), sampleOf)
        : (known.get(source.step)?.[source.output] ?? Effect.succeed(later(source.step)))

    for (const planned of yield* plan(recipe, root)) {
      const { found, step } = planned
      if (found?.kind === "hit") {
        const outputs: Record<string, Effect.Effect<Sample, StageFailure, Store>> = {}
        for (const [name, resolved] of Object.entries(found.known.outputs))
          outputs[name] = yield* Effect.cached(sampleOf(resolved))
        known.set(step, outputs)
        continue
      }
      const samples: Record<string, Tree.Tree<Sample>> = {}
      for (const [port, tree] of Object.entries(step.inputs)) samples[port] = yield* Tree.mapEffect(tree, sampleAt)
      const reason = obstacle(samples)
      const result = reason === null ? yield* Effect.exit(estimateStep(planned, samples, setting)) : null
      if (result !== null && Exit.isSuccess(result)) {
        known.set(step, atHand(result.value.outputs))
        if (isSelected(step)) steps.push(result.value.told)
        continue
      }
      if (result !== null && Cause.hasInterrupts(result.cause)) return yield* Effect.interrupt
      const unknown = reason ?? (result === null ? "" : reasonOf(result.cause))
      known.set(step, atHand(unknownOutputs(step, unknown)))
      if (isSelected(step)) steps.push({ ...nothing(planned), unknown })
    }
    return { machine, steps }
  })
