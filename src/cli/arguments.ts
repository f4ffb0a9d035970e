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
  record: [["FILE"], ["RECORD"]],
  verify: [["FILE"], ["RECORD"]],
  diff: [["A", "B"], []]
} as const satisfies { readonly [verb: string]: readonly [ReadonlyArray<string>, ReadonlyArray<string>] }

export type Verb = keyof typeof operands

const isVerb = (word: string): word is Verb => Object.hasOwn(operands, word)

export const verbs: ReadonlyArray<Verb> = Object.keys(operands).filter(isVerb)

/** Options that every verb takes. */
export interface Options {
  /** The words after the verb: as many as it takes. */
  readonly operands: ReadonlyArray<string>
  readonly json: boolean
  /** Folder of the store. */
  readonly store: string
  readonly device: ExecutionProvider
  /** Most stages at work at once. */
  readonly jobs: number
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
  record: "Write down the figures in the store and what their keys were made from, to be committed beside FILE.",
  verify: "Decide from the record alone whether the figures are those of this code and config, and as expected.",
  diff: "Say which code, config and data differ between two records or runs, and what that did to the figures."
}

const optionHelp = `Options:
  --store DIR     folder of the store (default: cache, or $TANREN_STORE)
  --json          one JSON object a line
  --device NAME   execution provider: cpu (default), webgpu, cuda
  --jobs N        most stages at work at once (default: the number of cores)
  --help          this text
  --version       the version

Exit codes: 0 done, 1 a stage failed, 2 bad use or a bad pipeline, 3 an expectation missed, 130 interrupted;
of verify also 4 stale, 5 missing, 6 altered.
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
    const jobs = parsed.values.jobs === undefined ? availableParallelism() : Number(parsed.values.jobs)
    if (!Number.isInteger(jobs) || jobs < 1)
      return yield* bad(`--jobs takes a whole number from 1, not "${parsed.values.jobs}".`)
    return {
      kind: "verb",
      verb: word,
      options: {
        operands: given,
        json: parsed.values.json,
        store: parsed.values.store ?? environment.TANREN_STORE ?? "cache",
        device,
        jobs
      }
    }
  })
