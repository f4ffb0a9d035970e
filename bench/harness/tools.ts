/** What a benchmark has at hand: commands of both sides, runs in turn, and a folder for what the sides read. */
import * as Schema from "effect/Schema"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { type Command, type Finished, measure } from "./measure.ts"

/** Where benchmarks keep models, rows and the peers' environments; git ignores it. */
export const workFolder = join(import.meta.dirname, "../.work")

/** A finished process and what it reported in the last line of its output, as JSON. */
export interface Run<Report> extends Finished {
  readonly report: Report
}

export interface Tools {
  /** A folder of this name for what both sides read; it stays from run to run. */
  readonly folder: (name: string) => string
  /** A program of ours, a path below bench/, with its one argument as JSON. */
  readonly node: (program: string, argument: unknown) => Command
  /** A program of the peer, a path below bench/, in the peers' Python, with its one argument as JSON. */
  readonly python: (program: string, argument: unknown) => Command
  /** DVC, which needs an environment of its own. */
  readonly dvc: (directory: string, ...words: ReadonlyArray<string>) => Command
  readonly measure: (command: Command) => Promise<Finished>
  /**
   * Runs the sides in turn, `repetitions` times each, every run a process of its own. Each must end its output with a
   * line that the schema accepts.
   */
  readonly alternately: <Side extends string, Report>(
    sides: Readonly<Record<Side, Command>>,
    repetitions: number,
    report: Schema.Codec<Report, unknown>
  ) => Promise<Readonly<Record<Side, ReadonlyArray<Run<Report>>>>>
  /** Says how far it is. */
  readonly say: (text: string) => void
}

const folderOf = (variable: string, name: string): string => process.env[variable] ?? join(workFolder, name)

/** The peers' Python, and DVC's: built by peers/build.sh unless a variable names others. */
export const peersFolder = (): string => folderOf("TANREN_BENCH_PEERS", "peers")
export const dvcFolder = (): string => folderOf("TANREN_BENCH_DVC", "dvc")

const program = (path: string): string => join(import.meta.dirname, "..", path)

const lastLine = (output: string): string => output.trimEnd().split("\n").at(-1) ?? ""

/** The sides one after the other, over and over. */
const inTurn = async <Side extends string, Report>(
  sides: Readonly<Record<Side, Command>>,
  repetitions: number,
  report: Schema.Codec<Report, unknown>,
  say: Tools["say"]
) => {
  const decode = Schema.decodeUnknownSync(Schema.fromJsonString(report))
  const commands = Object.entries<Command>(sides)
  const runs: Record<string, Array<Run<Report>>> = Object.fromEntries(commands.map(([side]) => [side, []]))
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const [side, command] of commands) {
      const finished = await measure(command)
      say(`${side}, ${repetition + 1} of ${repetitions}: ${lastLine(finished.output).slice(0, 160)}`)
      runs[side]?.push({ ...finished, report: decode(lastLine(finished.output)) })
    }
  }
  return runs as Record<Side, ReadonlyArray<Run<Report>>>
}

export const makeTools = (say: Tools["say"]): Tools => ({
  folder: (name) => {
    const folder = join(workFolder, name)
    mkdirSync(folder, { recursive: true })
    return folder
  },
  node: (path, argument) => ({ program: process.execPath, arguments: [program(path), JSON.stringify(argument)] }),
  python: (path, argument) => ({
    program: join(peersFolder(), "bin/python"),
    arguments: [program(path), JSON.stringify(argument)],
    environment: { TOKENIZERS_PARALLELISM: "true", HF_HUB_OFFLINE: "1" }
  }),
  dvc: (directory, ...words) => ({ program: join(dvcFolder(), "bin/dvc"), arguments: words, directory }),
  measure,
  alternately: (sides, repetitions, report) => inTurn(sides, repetitions, report, say),
  say
})
