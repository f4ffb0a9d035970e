/** How much memory a machine and its device need for a stage, and whether they have it. */
import type { Estimate, Memory } from "../../pipeline/Estimate.ts"
import type { ExecutionProvider } from "../../runtime/OnnxRuntime.ts"
import type { Machine } from "./machine.ts"

/** Bytes. */
export interface Needed {
  /** Of all processes together: weights are mapped once, whoever reads them. */
  readonly host: number
  /** Of each device; null where the CPU computes. */
  readonly device: number | null
}

/** Bytes of the processes themselves, before any model: measured on Linux. */
const processBytes = { pipeline: 150e6, runtime: 105e6, device: 600e6 }

/** What blocks of varying size leave between them, as a share of what is held. */
const gaps = 1.1

/** `measured` is what one process was seen to hold beyond the estimate of the same work. */
export const neededOf = (
  { activations, converted, registers, replaced, weights }: Memory,
  provider: ExecutionProvider,
  processes: number,
  measured = 0
): Needed => {
  const { device, pipeline, runtime } = processBytes
  return provider === "cpu"
    ? {
        host: pipeline + weights + processes * (runtime + converted + registers + gaps * activations + measured),
        device: null
      }
    : {
        host: pipeline + weights + processes * (runtime + registers),
        device: device + weights - replaced + converted + gaps * activations
      }
}

/** What one process on the CPU holds by estimate, to compare with what it was seen to hold. */
export const processOnCpu = ({ activations, converted, registers, weights }: Memory): number =>
  processBytes.runtime + weights + converted + registers + gaps * activations

const fits = ({ device, host }: Needed, machine: Machine): boolean =>
  host <= machine.memory && (device === null || machine.deviceMemory === null || device <= machine.deviceMemory)

/** What does not fit and what would help; null where all fits. */
export interface Excess {
  readonly of: "memory" | "device memory"
  readonly needed: number
  readonly has: number
  /** Options that together make it fit, with the memory that is needed then; null where none does. */
  readonly remedy: { readonly options: ReadonlyArray<string>; readonly needed: Needed } | null
}

/** Judges an estimate of work on a machine. */
export const excessOf = (
  work: NonNullable<Estimate["work"]>,
  provider: ExecutionProvider,
  processes: number,
  machine: Machine
): Excess | null => {
  const needed = neededOf(work.memory, provider, processes)
  if (fits(needed, machine)) return null
  const ofDevice = needed.device !== null && machine.deviceMemory !== null && needed.device > machine.deviceMemory
  const tried = work.remedies().map(({ memory, option }) => ({ option, needed: neededOf(memory, provider, processes) }))
  const at = tried.findIndex((one) => fits(one.needed, machine))
  const found = tried[at]
  return {
    of: ofDevice ? "device memory" : "memory",
    needed: ofDevice ? (needed.device ?? 0) : needed.host,
    has: ofDevice ? (machine.deviceMemory ?? 0) : machine.memory,
    remedy:
      found === undefined
        ? null
        : { options: lastOfEach(tried.slice(0, at + 1).map(({ option }) => option)), needed: found.needed }
  }
}

/** Of several values of one option the last. */
const lastOfEach = (options: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Map(options.map((option) => [option.replace(/:.*/, ""), option])).values()
]
