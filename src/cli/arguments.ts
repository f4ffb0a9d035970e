/** The command line as data: which verb, on which file, with which options. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import type { ExecutionProvider } from "../runtime/OnnxRuntime.ts"

export const verbs = ["run", "plan", "why", "graph", "show"] as const
export type Verb = (typeof verbs)[number]

/** Options that every verb takes. */
export interface Options {
  readonly file: string
  /** The node that is asked about; null for all. */
  readonly node: string | null
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
  show: "Print a node's result: its first rows, its value, its files."
}

const optionHelp = `Options:
  --store DIR     folder of the store (default: cache, or $TANREN_STORE)
  --json          one JSON object a line
  --device NAME   execution provider: cpu (default), webgpu, cuda
  --jobs N        most stages at work at once (default: the number of cores)
  --help          this text
  --version       the version

Exit codes: 0 done, 1 a stage failed, 2 bad use or a bad pipeline, 3 an expectation missed, 130 interrupted.
`

/** The help text, of one verb or of all. */
export const help = (verb: Verb | null): string =>
  verb === null
    ? `Usage: tanren VERB FILE [NODE] [options]

FILE is a TypeScript file whose default export is an experiment.

${verbs.map((name) => `  ${name.padEnd(6)} ${summaries[name]}`).join("\n")}

${optionHelp}`
    : `Usage: tanren ${verb} FILE${takesNode(verb) ? " [NODE]" : ""} [options]

${summaries[verb]}

${optionHelp}`

/** Verbs about the experiment as a whole. */
const takesNode = (verb: Verb): boolean => verb !== "run" && verb !== "graph"

const isVerb = (word: string): word is Verb => verbs.some((verb) => verb === word)

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
    const [word, file, node, ...rest] = parsed.positionals
    if (word !== undefined && !isVerb(word))
      return yield* bad(`There is no verb "${word}"; there are ${verbs.join(", ")}.`)
    if (parsed.values.help || word === undefined) {
      return word === undefined && !parsed.values.help
        ? yield* bad("A verb is missing.")
        : { kind: "help", verb: word ?? null }
    }
    if (file === undefined) return yield* bad(`"tanren ${word}" needs the file of an experiment.`)
    const surplus = takesNode(word) ? rest[0] : node
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
        file,
        node: node ?? null,
        json: parsed.values.json,
        store: parsed.values.store ?? environment.TANREN_STORE ?? "cache",
        device,
        jobs
      }
    }
  })
