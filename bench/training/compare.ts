/** Trains the same rows on both sides in turn, and checks that their first losses are the same. */
import * as Schema from "effect/Schema"
import type { Comparison } from "../harness/Benchmark.ts"
import { largestPeak, median } from "../harness/statistics.ts"
import type { Run, Tools } from "../harness/tools.ts"
import type { TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { type ModelSizes, modelFolder, rowsFile } from "./workloads.ts"

/** What is trained: a model, rows of these lengths, and the options of both sides. */
export interface TrainingWork {
  readonly modelName: string
  readonly sizes: ModelSizes
  readonly rowsName: string
  readonly lengths: (count: number) => ReadonlyArray<number>
  readonly targets: ReadonlyArray<string>
  readonly batchSize: number
  /** Rows that the peer pads to one length. */
  readonly microBatchSize: number
}

const Report = Schema.Struct({
  seconds: Schema.Finite,
  tokens: Schema.Int,
  losses: Schema.Array(Schema.Finite)
})
const Limit = Schema.Struct({ gigaflops: Schema.Finite })

type Reported = ReadonlyArray<Run<typeof Report.Type>>

/** Losses of both sides may differ by this, relatively. */
const tolerance = 1e-4

/** Steps of one run; the first is not timed. */
const steps = 3

const commandsOf = async (tools: Tools, work: TrainingWork) => {
  const model = await modelFolder(tools, work.modelName, work.sizes)
  const rows = rowsFile(tools, work.rowsName, work.lengths(steps * work.batchSize), work.sizes.vocab_size)
  const { batchSize, microBatchSize, targets } = work
  const common = { rank: 4, alpha: 8, learningRate: 1e-3, batchSize, microBatchSize, targets }
  const job = (options: object) => ({ model, rows, options: { ...common, ...options } })
  return {
    tanren: (options: object) => tools.node("tanren/train.ts", job(options)),
    peer: (options: object) => tools.python("peers/train.py", job(options))
  }
}

/**
 * That the first losses of both sides are the same: an adapter begins as nothing, so no dropout shows in them. Throws if
 * they differ.
 */
const proveEqual = (ours: Reported, theirs: Reported): string => {
  const [own = NaN, other = NaN] = [ours, theirs].map(([run]) => run?.report.losses[0] ?? NaN)
  const difference = Math.abs(own - other) / Math.abs(other)
  if (!(difference < tolerance)) throw new Error(`the first losses differ: ${own} and ${other}`)
  return `first losses differ by ${difference.toExponential(0)} (allowed ${tolerance.toExponential(0)})`
}

/**
 * Floating-point operations of one token-major step that cannot be left out, each product counted as multiply and add:
 * every matrix once forward and once backward to the input (not for the first projection: nothing below learns), the
 * head for tokens that have a label, and the visible half of attention, twice forward and four times backward.
 */
export const usefulOperations = (sizes: ModelSizes, lengths: ReadonlyArray<number>): number => {
  const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, vocab_size: vocabulary } = sizes
  const tokens = lengths.reduce((all, length) => all + length, 0)
  const layer = 4 * hidden * hidden + 2 * hidden * inner
  const visible = lengths.reduce((all, length) => all + length * length, 0)
  return (
    4 * tokens * layers * layer -
    2 * tokens * 3 * hidden * hidden +
    4 * (tokens - lengths.length) * hidden * vocabulary +
    6 * visible * hidden * layers
  )
}

/** Tokens a second of both sides, padding not counted, and how near ours come to the machine's limit. */
export const compareSpeed = async (tools: Tools, work: TrainingWork, repetitions: number): Promise<Comparison> => {
  const { peer, tanren } = await commandsOf(tools, work)
  const options = { dropout: 0.05, steps }
  const runs = await tools.alternately({ tanren: tanren(options), peer: peer(options) }, repetitions, Report)
  const limits = await tools.alternately({ limit: tools.node("tanren/gemm.ts", {}) }, 2, Limit)
  const speed = (side: "tanren" | "peer") => ({
    value: median(runs[side].map(({ report }) => report.tokens / report.seconds)),
    peak: largestPeak(runs[side])
  })
  const operations = usefulOperations(work.sizes, work.lengths(steps * work.batchSize).slice(work.batchSize))
  return {
    unit: "tokens/s",
    tanren: speed("tanren"),
    peer: speed("peer"),
    share: {
      of: "one large product",
      value: operations / median(runs.tanren.map(({ report }) => report.seconds)) / 1e9,
      limit: Math.max(...limits.limit.map(({ report }) => report.gigaflops)),
      unit: "GFLOP/s"
    },
    method: `median of ${repetitions}`,
    proof: proveEqual(runs.tanren, runs.peer)
  }
}

type Options = Partial<TrainingOptions>

/** The most memory that two steps take, ours with one choice of options and with another, beside one run of the peer. */
export const compareMemory = async (
  tools: Tools,
  work: TrainingWork,
  first: Options,
  second: Options
): Promise<readonly [Comparison, Comparison]> => {
  const { peer, tanren } = await commandsOf(tools, work)
  const options = { dropout: 0.05, steps: 2 }
  const sides = {
    first: tanren({ ...options, ...first }),
    second: tanren({ ...options, ...second }),
    peer: peer(options)
  }
  const runs = await tools.alternately(sides, 1, Report)
  const memory = (side: "first" | "second" | "peer") => {
    const peak = largestPeak(runs[side])
    return { value: (peak ?? NaN) / 1e6, peak }
  }
  const comparison = (side: "first" | "second"): Comparison => ({
    unit: "MB",
    tanren: memory(side),
    peer: memory("peer"),
    method: "one run of 2 steps",
    proof: proveEqual(runs[side], runs.peer)
  })
  return [comparison("first"), comparison("second")]
}
