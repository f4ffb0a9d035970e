/** The gradient of an optimiser step: the sum over its micro-batches, in their order, whoever computes them. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import type { RuntimeFailure } from "../runtime/Errors.ts"
import type { Call, HostTensor, RuntimeProcesses, Session } from "../runtime/OnnxRuntime.ts"
import { registers } from "./optimizer.ts"
import type { Feeds } from "./packing.ts"
import { share } from "./share.ts"
import { gradientSum } from "./trainingGraphs.ts"

/** Processes with the adapter in their registers, and the training graph opened in each. */
export interface Differentiators {
  /** The trainable matrices. */
  readonly names: Names
  readonly processes: RuntimeProcesses
  readonly gradients: NonEmptyReadonlyArray<Session>
}

type Names = ReadonlyArray<string>
type Outputs = Readonly<Record<string, HostTensor>>

/** Feeds a graph with the adapter as it stands. */
export const parametersOf = (names: Names): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [registers.parameter(name), registers.parameter(name)]))

/** The one number of an output that is a scalar. */
export const scalarOf = (outputs: Outputs, name: string): number => {
  const value = outputs[name]?.data[0]
  if (typeof value !== "number") throw new Error(`internal: the output "${name}" is no number`)
  return value
}

/** Adds a micro-batch's gradients to what the registers `before` hold. */
const adding = (names: Names, feeds: Feeds, before: (name: string) => string): Pick<Call, "feeds" | "resident"> => ({
  feeds,
  resident: {
    ...parametersOf(names),
    ...Object.fromEntries(names.map((name) => [registers.gradient(name), before(name)]))
  }
})

/** One process sums up in its registers, which the gradients never leave. */
const accumulateAlone = Effect.fnUntraced(function* (
  gradient: Session,
  names: Names,
  microBatches: ReadonlyArray<Feeds>
): Effect.fn.Return<number, RuntimeFailure> {
  const keep = Object.fromEntries(names.map((name) => [gradientSum(name), registers.gradient(name)]))
  let total = 0
  for (const [index, feeds] of microBatches.entries()) {
    const call = adding(names, feeds, index === 0 ? registers.zero : registers.gradient)
    total += scalarOf(yield* gradient.run({ ...call, fetch: ["total"], keep }), "total")
  }
  return total
})

/**
 * Adds in float32, into the memory of the first: a sum of two of its numbers in double precision, rounded, is the one
 * that a graph gives.
 */
const sumOf = (sum: HostTensor | undefined, next: HostTensor | undefined): HostTensor => {
  if (next?.element !== "float32") throw new Error("internal: a gradient that is no float32")
  if (sum?.element !== "float32") return next
  for (let index = 0; index < sum.data.length; index++) {
    sum.data[index] = (sum.data[index] ?? NaN) + (next.data[index] ?? NaN)
  }
  return sum
}

/**
 * Several processes each start from zero, which makes 0 of -0 as it does in one process; their gradients are summed up
 * here, and all of them are given the sum.
 */
const accumulateTogether = Effect.fnUntraced(function* (
  { gradients, names, processes }: Differentiators,
  microBatches: ReadonlyArray<Feeds>
): Effect.fn.Return<number, RuntimeFailure> {
  const fetch = ["total", ...names.map(gradientSum)]
  const sums: Record<string, HostTensor> = {}
  let total = 0
  yield* share(
    gradients,
    microBatches,
    (gradient, feeds) => gradient.run({ ...adding(names, feeds, registers.zero), fetch }),
    (outputs) => {
      total += scalarOf(outputs, "total")
      for (const name of names) {
        const register = registers.gradient(name)
        sums[register] = sumOf(sums[register], outputs[gradientSum(name)])
      }
    }
  )
  yield* Effect.forEach(processes, ({ put }) => put(sums), { concurrency: "unbounded", discard: true })
  return total
})

/**
 * Brings the summed gradients of a step's micro-batches into the gradient registers of every process, and gives the sum
 * of its labels' cross entropies, in nats. The bits do not depend on the number of processes. Memory: in registers, or,
 * with several processes, at most one gradient of each at a time and the sum.
 */
export const accumulate = Effect.fn("train.accumulate")(function* (
  differentiators: Differentiators,
  microBatches: ReadonlyArray<Feeds>
): Effect.fn.Return<number, RuntimeFailure> {
  const [only, ...others] = differentiators.gradients
  return yield* others.length === 0
    ? accumulateAlone(only, differentiators.names, microBatches)
    : accumulateTogether(differentiators, microBatches)
})
