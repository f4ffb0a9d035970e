/** The command line as data: which verb, on which file, with which options. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import type { ExecutionProvider } from "../runtime/OnnxRuntime.ts"

/** What each verb is asked about: the words that follow it, the last ones optional where the second list has them. */
const operands = {
  run: [["FILE"], []],
  plan: [["FILE"], ["NODE"]],
  why: [["FILE"], ["NODE"]],
  graph: [["FILE"], []],
  show: [["FILE"], ["NODE"]],
  lock: [["FILE"], []],
  record: [["FILE"], ["RECORD"]],
  verify: [["FILE"], ["RECORD"]],
  diff: [["A", "B"], []],
  gc: [[], []],
  check: [[], []]
} as const satisfies { readonly [verb: string]: readonly [ReadonlyArray<string>, ReadonlyArray<string>] }

export type Verb = keyof typeof operands

const isVerb = (word: string): word is Verb => Object.hasOwn(operands, word)

export const verbs: ReadonlyArray<Verb> = Object.keys(operands).filter(isVerb)

/** What the options say, or their defaults. */
export interface Options {
  /** The words after the verb: as many as it takes. */
  readonly operands: ReadonlyArray<string>
  readonly json: boolean
  /** Folder of the store. */
  readonly store: string
  readonly device: ExecutionProvider
  /** Most stages at work at once. */
  readonly jobs: number
  /** Processes that one stage computes in. */
  readonly processes: number
  /** Seconds of work between the checkpoints of a stage. */
  readonly checkpoint: number
  /** Whether a plan says what each stage will take. */
  readonly estimate: boolean
  /** Whether pins move to what is there now. */
  readonly update: boolean
  /** How many of the newest runs keep their results. */
  readonly keep: number
  /** Hours for which nothing is garbage. */
  readonly grace: number
  /** Whether garbage is only told. */
  readonly dry: boolean
  /** Whether what a check finds wrong is removed. */
  readonly repair: boolean
}

export type Invocation =
  | { readonly kind: "help"; readonly verb: Verb | null }
  | { readonly kind: "verb"; readonly verb: Verb; readonly options: Options }

/** The command line says something that cannot be done. */
export class BadUse extends Schema.TaggedError<BadUse>()("BadUse", { reason: Schema.String }) {
  override get message() {
    return `${this.reason} Try "tanren --help".`
  }
}

const devices: ReadonlyArray<ExecutionProvider> = ["cpu", "webgpu", "cuda"]

const summaries: { readonly [V in Verb]: string } = {
  run: "Obtain every result of the experiment; stages whose key is in the store do not run.",
  plan: "Say for each node whether it is cached, would run, or waits for another; run nothing.",
  why: "Say what changed since each node last ran: the declaration, config field or input.",
  graph: "Print the pipeline as a graph (Mermaid).",
  show: "Print a node's result: its first rows, its value, its files.",
  lock: "Pin what the experiment reads from the Hub and from URLs, in NAME.lock.json beside FILE.",
  record: "Write down the figures in the store and what their keys were made from, to be committed beside FILE.",
  verify: "Decide from the record alone whether the figures are those of this code and config, and as expected.",
  diff: "Say which code, config and data differ between two records or runs, and what that did to the figures.",
  gc: "Remove from the store what no recent run, and no last run of any experiment, made or found.",
  check: "Read everything in the store and say what is damaged; the next run makes it again."
}

const optionHelp = `Options:
  --store DIR     folder of the store (default: cache, or $TANREN_STORE)
  --json          one JSON object a line
  --device NAME   execution provider: cpu (default), webgpu, cuda
  --jobs N        most stages at work at once (default: the number of cores)
  --help          this text
  --version       the version

Of run and plan:
  --processes N   processes that a stage computes in, each on a device of its own with cuda (default: 1)
Of plan:
  --estimate      say of each stage that would run what it will take: rows, arithmetic, memory, disk, time
Of run:
  --checkpoint S  seconds of training that an interruption may cost (default: 60; 0: none but the step at hand)
Of lock:
  --update        pin anew what is pinned: at the commits and contents of now
Of gc:
  --keep N        how many of the newest runs keep what they made or found (default: 10)
  --grace HOURS   nothing younger goes (default: 24)
  --dry           say what would go, and remove nothing
Of check:
  --repair        remove what is damaged

Exit codes: 0 done, 1 a stage failed, 2 bad use or a bad pipeline, 3 an expectation missed, 130 interrupted;
of verify also 4 stale, 5 missing, 6 altered; of check 6 for damage that is still there.
`

const usage = (verb: Verb): string => {
  const [required, optional] = operands[verb]
  return [verb, ...required, ...optional.map((name) => `[${name}]`)].join(" ")
}

/** The help text, of one verb or of all. */
export const help = (verb: Verb | null): string =>
  verb === null
    ? `Usage: tanren VERB ... [options]

FILE is a TypeScript file whose default export is an experiment, RECORD the file of its record (default: beside it,
as NAME.record.json), A and B are records or runs by the beginning of their names in the store.

${verbs.map((name) => `  ${usage(name).padEnd(22)} ${summaries[name]}`).join("\n")}

${optionHelp}`
    : `Usage: tanren ${usage(verb)} [options]

${summaries[verb]}

${optionHelp}`

const bad = (reason: string) => Effect.fail(new BadUse({ reason }))

/** Options of some verbs alone; on another they would be without effect, which may not be what was meant. */
const ownOptions: { readonly [option: string]: ReadonlyArray<Verb> } = {
  checkpoint: ["run"],
  processes: ["run", "plan"],
  estimate: ["plan"],
  update: ["lock"],
  keep: ["gc"],
  grace: ["gc"],
  dry: ["gc"],
  repair: ["check"]
}

const wholeFrom = (least: number) => ({
  words: `a whole number from ${least}`,
  fits: (value: number) => Number.isInteger(value) && value >= least
})
const fromZero = { words: "a number from 0", fits: (value: number) => Number.isFinite(value) && value >= 0 }

/** The number that an option says, or its default. */
const numberOf = (
  option: string,
  text: string | undefined,
  fallback: number,
  { fits, words }: typeof fromZero
): Effect.Effect<number, BadUse> => {
  const value = text === undefined ? fallback : text.trim() === "" ? NaN : Number(text)
  return fits(value) ? Effect.succeed(value) : bad(`--${option} takes ${words}, not "${text}".`)
}

/** Reads the arguments after the program's name. */
export const invocation = (
  argv: ReadonlyArray<string>,
  environment: { readonly TANREN_STORE?: string | undefined }
): Effect.Effect<Invocation, BadUse> =>
  Effect.gen(function* () {
    const parsed = yield* Effect.try({
      try: () =>
        parseArgs({
          args: [...argv],
          allowPositionals: true,
          options: {
            store: { type: "string" },
            json: { type: "boolean", default: false },
            device: { type: "string", default: "cpu" },
            jobs: { type: "string" },
            checkpoint: { type: "string" },
            processes: { type: "string" },
            estimate: { type: "boolean", default: false },
            update: { type: "boolean", default: false },
            keep: { type: "string" },
            grace: { type: "string" },
            dry: { type: "boolean", default: false },
            repair: { type: "boolean", default: false },
            help: { type: "boolean", short: "h", default: false }
          }
        }),
      catch: (cause) => new BadUse({ reason: cause instanceof Error ? `${cause.message}.` : String(cause) })
    })
    const [word, ...given] = parsed.positionals
    if (word !== undefined && !isVerb(word))
      return yield* bad(`There is no verb "${word}"; there are ${verbs.join(", ")}.`)
    if (parsed.values.help || word === undefined) {
      return word === undefined && !parsed.values.help
        ? yield* bad("A verb is missing.")
        : { kind: "help", verb: word ?? null }
    }
    const [required, optional] = operands[word]
    if (given.length < required.length)
      return yield* bad(
        `"tanren ${word}" needs ${required.slice(given.length).join(" and ")}: "tanren ${usage(word)}".`
      )
    const surplus = given[required.length + optional.length]
    if (surplus !== undefined) return yield* bad(`"${surplus}" is one argument too many.`)
    const device = devices.find((name) => name === parsed.values.device)
    if (device === undefined)
      return yield* bad(`There is no device "${parsed.values.device}"; there are ${devices.join(", ")}.`)
    const values: Readonly<Record<string, string | boolean | undefined>> = parsed.values
    for (const [option, owners] of Object.entries(ownOptions)) {
      if (!owners.includes(word) && values[option] !== undefined && values[option] !== false) {
        const names = owners.map((verb) => `"tanren ${verb}"`).join(" and ")
        return yield* bad(`--${option} is an option of ${names}, not of "tanren ${word}".`)
      }
    }
    const { checkpoint, grace, jobs, keep, processes } = parsed.values
    return {
      kind: "verb",
      verb: word,
      options: {
        operands: given,
        json: parsed.values.json,
        store: parsed.values.store ?? environment.TANREN_STORE ?? "cache",
        device,
        jobs: yield* numberOf("jobs", jobs, availableParallelism(), wholeFrom(1)),
        processes: yield* numberOf("processes", processes, 1, wholeFrom(1)),
        checkpoint: yield* numberOf("checkpoint", checkpoint, 60, fromZero),
        estimate: parsed.values.estimate,
        update: parsed.values.update,
        keep: yield* numberOf("keep", keep, 10, wholeFrom(0)),
        grace: yield* numberOf("grace", grace, 24, fromZero),
        dry: parsed.values.dry,
        repair: parsed.values.repair
      }
    }
  })
