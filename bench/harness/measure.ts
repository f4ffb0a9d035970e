/** Runs a command as a process of its own and takes down its time, its memory and what it reports. */
import { spawn } from "node:child_process"
import { watchMemory } from "./processTree.ts"

export interface Command {
  readonly program: string
  readonly arguments: ReadonlyArray<string>
  readonly directory?: string
  /** Added to the environment. */
  readonly environment?: Readonly<Record<string, string>>
}

/** What a process did. */
export interface Finished {
  /** From start to end. */
  readonly seconds: number
  /** The most memory that its process tree held, in bytes; null where it is not measured. */
  readonly peak: number | null
  readonly output: string
}

/** Runs a command to its end. Its standard error is shown if it fails, and the failure is thrown. */
export const measure = (command: Command): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const begin = performance.now()
    const child = spawn(command.program, command.arguments, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...command.environment },
      ...(command.directory === undefined ? {} : { cwd: command.directory })
    })
    const watch = child.pid === undefined ? undefined : watchMemory(child.pid)
    const output: Array<Buffer> = []
    const errors: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => errors.push(chunk))
    child.on("error", reject)
    child.on("close", (code) => {
      const seconds = (performance.now() - begin) / 1000
      const peak = watch?.end() ?? null
      if (code === 0) return resolve({ seconds, peak, output: Buffer.concat(output).toString() })
      const line = [command.program, ...command.arguments].join(" ")
      reject(new Error(`${line} ended with ${code}:\n${Buffer.concat(errors).toString().slice(-4000)}`))
    })
  })
