/** The processes of a training: what each holds, and the sums of gradients that all of them come to. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RuntimeFailure } from "../runtime/Errors.ts"
import { type HostTensor, OnnxRuntime, type RuntimeProcess, type Session } from "../runtime/OnnxRuntime.ts"
import type { StepBatch } from "./batch.ts"
import { type AdapterTensors, factorShapes } from "./lora.ts"
import { optimizerGraph, readRegisters, registers, renewedRegisters } from "./optimizer.ts"
import { type Feeds, float32 } from "./packing.ts"
import { gradientSum, type Trainee, trainingGraph } from "./trainingGraphs.ts"

/** One process of a training: the adapter and its moments in registers, and the sessions that renew them. */
export interface Replica {
  readonly process: RuntimeProcess
  readonly gradient: Session
  readonly optimizer: Session
}

/** A training in progress. */
export interface TrainingProcesses {
  readonly trainee: Trainee
  /** The trainable matrices. */
  readonly names: ReadonlyArray<string>
  readonly replica: Replica
}

const identity = (names: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, name]))

/** Feeds a graph with the adapter as it stands. */
export const parametersOf = (names: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  identity(names.map(registers.parameter))

/** The one number of an output that is a scalar. */
const scalarOf = (outputs: Readonly<Record<string, HostTensor>>, name: string): number => {
  const value = outputs[name]?.data[0]
  if (typeof value !== "number") throw new Error(`internal: the output "${name}" is no number`)
  return value
}

/** Starts a training from an adapter's first values. */
export const startTraining = Effect.fn("train.start")(function* (
  trainee: Trainee,
  tensors: AdapterTensors
): Effect.fn.Return<TrainingProcesses, RuntimeFailure, OnnxRuntime | Scope.Scope> {
  const { modules, options } = trainee
  const runtime = yield* OnnxRuntime
  const process = yield* runtime.acquire
  for (const [name, { data, shape }] of tensors) {
    const zeros = () => float32(shape, new Float32Array(data.length))
    yield* process.put({
      [registers.parameter(name)]: float32(shape, data),
      [registers.zero(name)]: zeros(),
      [registers.mean(name)]: zeros(),
      [registers.square(name)]: zeros()
    })
  }
  const replica = {
    process,
    gradient: yield* process.open(trainingGraph(trainee)),
    optimizer: yield* process.open(optimizerGraph(factorShapes(modules, options.rank), options))
  }
  return { trainee, names: [...tensors.keys()], replica }
})

/** Sums up the gradients of a step's micro-batches, in order, and gives the sum of its labels' cross entropies. */
export const accumulate = Effect.fn("train.accumulate")(function* (
  { names, replica }: TrainingProcesses,
  { microBatches }: StepBatch
): Effect.fn.Return<number, RuntimeFailure> {
  const keep = Object.fromEntries(names.map((name) => [gradientSum(name), registers.gradient(name)]))
  let total = 0
  for (const [index, feeds] of microBatches.entries()) {
    const before = index === 0 ? registers.zero : registers.gradient
    const sums = Object.fromEntries(names.map((name) => [registers.gradient(name), before(name)]))
    const resident = { ...parametersOf(names), ...sums }
    total += scalarOf(yield* replica.gradient.run({ feeds, resident, fetch: ["total"], keep }), "total")
  }
  return total
})

/** Renews the adapter by the summed gradients; gives their norm. */
export const optimize = Effect.fn("train.optimize")(function* (
  { names, replica }: TrainingProcesses,
  feeds: Feeds
): Effect.fn.Return<number, RuntimeFailure> {
  const call = { feeds, resident: readRegisters(names), fetch: ["norm"], keep: renewedRegisters(names) }
  return scalarOf(yield* replica.optimizer.run(call), "norm")
})

/** The adapter as it stands. */
export const adapterOf = Effect.fn("train.adapterOf")(function* ({
  replica,
  trainee: { modules, options }
}: TrainingProcesses): Effect.fn.Return<AdapterTensors, RuntimeFailure> {
  const shapes = factorShapes(modules, options.rank)
  const values = yield* replica.process.get([...shapes.keys()].map(registers.parameter))
  return new Map(
    [...shapes].map(([name, shape]) => {
      const value = values[registers.parameter(name)]
      if (value?.element !== "float32") throw new Error(`internal: the register of "${name}" holds no float32`)
      return [name, { shape, data: value.data }]
    })
  )
})
