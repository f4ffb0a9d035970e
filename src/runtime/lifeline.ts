/** Ends the runtime's process with the one that started it, even in the middle of a run: standard input is the rope. */
import { Worker } from "node:worker_threads"

/**
 * What the thread does. Nothing is ever written to the rope: it closes when its other end does, and the system sees to that
 * however a process dies. The function travels as text, so it mentions nothing from outside.
 */
const hold = (): void => {
  const { Socket } = process.getBuiltinModule("node:net")
  new Socket({ fd: 0 }).on("close", () => process.kill(process.pid, "SIGKILL")).resume()
}

/**
 * Holds the rope in a thread of its own, since the main one is deaf while it computes. Of text and not of a module: to read
 * a module as it is written, the thread would take up 12 MB for what strips it of its types.
 */
export const holdLifeline = (): void => {
  new Worker(`(${hold})()`, { eval: true })
}
