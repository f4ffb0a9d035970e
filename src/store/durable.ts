/** Durability side by side: a disk commits many files for the price of one, so nobody waits for another's turn. */
import * as fs from "node:fs"
import { promisify } from "node:util"

/** Makes a file's bytes, or the names in a folder, durable. Whoever asks for a path that still waits shares its turn. */
export type Sync = (path: string) => Promise<void>

/** As many as Node's own threads; more would only wait there, with a file open each. */
const atOnce = 4

const fsync = promisify(fs.fsync)

const syncNow = async (path: string): Promise<void> => {
  const file = fs.openSync(path, "r")
  try {
    await fsync(file)
  } finally {
    fs.closeSync(file)
  }
}

/** Syncs of one store: in the order in which they were asked for, a few at a time. */
export const makeSync = (): Sync => {
  const waiting = new Map<string, { readonly done: Promise<void>; readonly start: () => void }>()
  let running = 0

  const proceed = (): void => {
    for (const [path, { start }] of waiting) {
      if (running === atOnce) return
      // From here on a write may come too late for this sync: who asks now gets one of its own.
      waiting.delete(path)
      running += 1
      start()
    }
  }
  return (path) => {
    const shared = waiting.get(path)
    if (shared !== undefined) return shared.done
    const turn = Promise.withResolvers<void>()
    const done = turn.promise
      .then(() => syncNow(path))
      .finally(() => {
        running -= 1
        proceed()
      })
    waiting.set(path, { done, start: turn.resolve })
    proceed()
    return done
  }
}
