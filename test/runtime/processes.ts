/** Finds and kills the processes that a test started, seen from outside as the operating system sees them. */
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"

const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

const fields = (processId: string): ReadonlyArray<string> => {
  const status = read(`/proc/${processId}/stat`)
  return status.slice(status.lastIndexOf(")") + 2).split(" ")
}

/** The runtime processes that `parent` started and that still run: a zombie does not. */
export const runtimesOf = (parent: number): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      const [state, parentId] = fields(name)
      return Number(parentId) === parent && state !== "Z" && read(`/proc/${name}/cmdline`).includes("src/runtime/child")
    })
    .map(Number)

export const isRunning = (processId: number): boolean => {
  const [state] = fields(String(processId))
  return state !== undefined && state !== "" && state !== "Z"
}

/** Processor time that a process has used, in the kernel's ticks. */
export const ticksOf = (processId: number): number => {
  const used = fields(String(processId))
  return Number(used[11]) + Number(used[12])
}

/** The most memory that a process has had in its life so far, in MiB. */
export const peakMemoryOf = (processId: number): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(read(`/proc/${processId}/status`))?.[1]) / 1024

/** Waits until something holds; a test whose condition never holds runs into its own time limit. */
export const until = (holds: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => (holds() ? Effect.void : Effect.andThen(Effect.sleep("5 millis"), until(holds))))

/** Waits until a process computes: waiting for requests uses no processor time. */
export const untilBusy = (processId: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const before = ticksOf(processId)
    return until(() => ticksOf(processId) > before + 10)
  })
