/** What this machine has to give: memory, its device's memory, and room on the store's disk. */
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { totalmem } from "node:os"
import type { ExecutionProvider } from "../../runtime/OnnxRuntime.ts"

/** All in bytes; null where it cannot be told. */
export interface Machine {
  readonly memory: number
  readonly deviceMemory: number | null
  readonly freeDisk: number | null
}

/** Memory of the smallest CUDA device, as the driver's own tool tells. */
const cudaMemory: Effect.Effect<number | null> = Effect.callback((resume) => {
  execFile("nvidia-smi", ["--query-gpu=memory.total", "--format=csv,noheader,nounits"], (error, text) => {
    const sizes = text.trim().split("\n").map(Number).filter(Number.isFinite)
    resume(Effect.succeed(error !== null || sizes.length === 0 ? null : 2 ** 20 * Math.min(...sizes)))
  })
})

/** `folder` is the store's. Where the system bounds the process's memory, the bound counts. */
export const machineAt = (folder: string, provider: ExecutionProvider): Effect.Effect<Machine> =>
  Effect.gen(function* () {
    const bound = process.constrainedMemory()
    const disk = yield* Effect.promise(() => statfs(folder).catch(() => null))
    return {
      memory: bound > 0 ? Math.min(bound, totalmem()) : totalmem(),
      deviceMemory: provider === "cuda" ? yield* cudaMemory : null,
      freeDisk: disk === null ? null : disk.bavail * disk.bsize
    }
  })

const textOf = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    // The process ended between two looks.
    return ""
  }
}

const tasks = (): ReadonlyArray<string> => {
  try {
    return readdirSync("/proc/self/task")
  } catch {
    return []
  }
}

/** The most memory that a child of this process has had so far, in bytes; null where the system does not tell. */
export const highestChild = (): number | null => {
  const children = tasks().flatMap((task) => textOf(`/proc/self/task/${task}/children`).split(" "))
  const highest = children
    .filter((id) => id !== "")
    .map((id) => 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(textOf(`/proc/${id}/status`))?.[1] ?? 0))
  return highest.length === 0 ? null : Math.max(...highest)
}
