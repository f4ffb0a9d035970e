/** The processes of a training, each with the whole adapter in its registers, and how they take a step. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { RuntimeFailure } from "../runtime/Errors.ts"
import { type HostTensor, OnnxRuntime, type RuntimeProcess, type Session } from "../runtime/OnnxRuntime.ts"
import { type Differentiators, scalarOf } from "./accumulate.ts"
import { lastingRegisters, type RegisterTensors } from "./checkpoint.ts"
import { type AdapterTensor, type AdapterTensors, factorShapes } from "./lora.ts"
import { optimizerGraph, readRegisters, registers, renewedRegisters } from "./optimizer.ts"
import { type Feeds, float32 } from "./packing.ts"
import { openInAll } from "./share.ts"
import { type Trainee, trainingGraph } from "./trainingGraphs.ts"

/** A training in progress: between two steps, the registers of all its processes hold the same. */
export interface TrainingProcesses extends Differentiators {
  readonly trainee: Trainee
  readonly optimizers: NonEmptyReadonlyArray<Session>
}

const together = { concurrency: "unbounded" } as const

/** Starts a training from the tensors before its first step, or from those between two steps. */
export const startTraining = Effect.fn("train.start")(function* (
  trainee: Trainee,
  tensors: RegisterTensors
): Effect.fn.Return<TrainingProcesses, RuntimeFailure, OnnxRuntime | Scope.Scope> {
  const { modules, options } = trainee
  const factors = factorShapes(modules, options.rank)
  const processes = yield* (yield* OnnxRuntime).acquireAll
  const prepare = Effect.fnUntraced(function* ({ put }: RuntimeProcess) {
    for (const [register, { data, shape }] of tensors) yield* put({ [register]: float32(shape, data) })
    for (const [name, shape] of factors) {
      yield* put({ [registers.zero(name)]: float32(shape, new Float32Array(shape[0] * shape[1])) })
    }
  })
  yield* Effect.forEach(processes, prepare, together)
  return {
    trainee,
    names: [...factors.keys()],
    processes,
    gradients: yield* openInAll(processes, trainingGraph(trainee)),
    optimizers: yield* openInAll(processes, optimizerGraph(factors, options))
  }
})

/**
 * Renews the adapter by the summed gradients; gives their norm. Every process takes the step itself: from the same
 * numbers it comes to the same ones, and no adapter needs to be sent.
 */
export const optimize = Effect.fn("train.optimize")(function* (
  { names, optimizers }: TrainingProcesses,
  feeds: Feeds
): Effect.fn.Return<number, RuntimeFailure> {
  const call = { feeds, resident: readRegisters(names), fetch: ["norm"], keep: renewedRegisters(names) }
  const [outputs] = yield* Effect.forEach(optimizers, ({ run }) => run(call), together)
  return scalarOf(outputs, "norm")
})

/** A matrix that a register holds. */
const matrixIn = (
  values: Readonly<Record<string, HostTensor>>,
  register: string,
  shape: AdapterTensor["shape"]
): AdapterTensor => {
  const value = values[register]
  if (value?.element !== "float32") throw new Error(`internal: the register "${register}" holds no float32`)
  return { shape, data: value.data }
}

/** The adapter as it stands. */
export const adapterOf = Effect.fn("train.adapterOf")(function* ({
  processes: [process],
  trainee: { modules, options }
}: TrainingProcesses): Effect.fn.Return<AdapterTensors, RuntimeFailure> {
  const shapes = factorShapes(modules, options.rank)
  const values = yield* process.get([...shapes.keys()].map(registers.parameter))
  return new Map([...shapes].map(([name, shape]) => [name, matrixIn(values, registers.parameter(name), shape)]))
})

/** Everything that the next step finds in registers: three copies of the adapter. */
export const lastingTensors = Effect.fn("train.lastingTensors")(function* ({
  processes: [process],
  trainee: { modules, options }
}: TrainingProcesses): Effect.fn.Return<RegisterTensors, RuntimeFailure> {
  const shapes = lastingRegisters(factorShapes(modules, options.rank))
  const values = yield* process.get([...shapes.keys()])
  return new Map([...shapes].map(([register, shape]) => [register, matrixIn(values, register, shape)]))
})
