/** How long a command takes to say something, after which it goes on to its end. */
import { spawn } from "node:child_process"
import { watchMemory } from "./processTree.ts"
import type { Command } from "./measure.ts"

export interface Said {
  /** From start until the words came. */
  readonly seconds: number
  readonly peak: number | null
  readonly output: string
}

/** Runs a command to its end; fails if it fails, or ends without having said the words on standard output. */
export const untilSaid = (command: Command, words: string): Promise<Said> =>
  new Promise((resolve, reject) => {
    const begin = performance.now()
    const child = spawn(command.program, command.arguments, {
      stdio: ["ignore", "pipe", "inherit"],
      ...(command.directory === undefined ? {} : { cwd: command.directory })
    })
    const watch = child.pid === undefined ? undefined : watchMemory(child.pid)
    let output = ""
    let seconds: number | null = null
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
      if (seconds === null && output.includes(words)) seconds = (performance.now() - begin) / 1000
    })
    child.on("error", reject)
    child.on("close", (code) => {
      const peak = watch?.end() ?? null
      if (code === 0 && seconds !== null) resolve({ seconds, peak, output })
      else reject(new Error(`${command.program} ended with ${code}; it said: ${output.slice(-2000)}`))
    })
  })
