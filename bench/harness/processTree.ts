/** The memory of a process and all that it started, read from /proc: Linux alone tells. */
import { readdirSync, readFileSync } from "node:fs"

const read = (path: string): string => {
  try {
    return readFileSync(path, "utf8")
  } catch {
    // The process ended between two looks.
    return ""
  }
}

const list = (path: string): ReadonlyArray<string> => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

/** The process and its descendants, whichever of its threads started them. */
const tree = (root: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  const open = [root]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    found.push(id)
    for (const thread of list(`/proc/${id}/task`)) {
      for (const child of read(`/proc/${id}/task/${thread}/children`).split(" ")) {
        if (child !== "") open.push(Number(child))
      }
    }
  }
  return found
}

/** A line "Name:   123 kB", in bytes; 0 where it is not there. */
const field = (text: string, name: string): number =>
  1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0)

const total = (ids: ReadonlyArray<number>, size: (id: number) => number): number =>
  ids.reduce((all, id) => all + size(id), 0)

const resident = (id: number): number => field(read(`/proc/${id}/status`), "VmRSS")
const highest = (id: number): number => field(read(`/proc/${id}/status`), "VmHWM")
const proportional = (id: number): number => field(read(`/proc/${id}/smaps_rollup`), "Pss")

/** Milliseconds between two looks. */
const interval = 50

export interface Watch {
  /** Ends the watch and gives the largest memory seen, in bytes; null where the system does not tell. */
  readonly end: () => number | null
}

/**
 * Watches the memory of a process tree from now on. A page that several processes share counts once (proportional set
 * size); to sum that up costs milliseconds, so it is done only when the plain sum reaches a new height. A peak between
 * two looks shows in the kernel's own high-water mark of the largest process.
 */
export const watchMemory = (root: number): Watch => {
  if (process.platform !== "linux") return { end: () => null }
  let heightSeen = 0
  let peak = 0
  const look = (): void => {
    const ids = tree(root)
    peak = Math.max(peak, ...ids.map(highest))
    const sum = total(ids, resident)
    if (sum <= heightSeen * 1.01) return
    heightSeen = sum
    peak = Math.max(peak, total(ids, proportional))
  }
  look()
  const timer = setInterval(look, interval)
  return {
    end: () => {
      clearInterval(timer)
      return peak === 0 ? null : peak
    }
  }
}
