/** What is measured: a LLaMA of 135 million random weights with a tokenizer, and files of texts for it. */
import * as Schema from "effect/Schema"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { largestPeak, median } from "../harness/statistics.ts"
import type { Run, Tools } from "../harness/tools.ts"
import { modelFolder, smallLlama } from "../training/workloads.ts"
import { phrases } from "./texts.ts"

/** Texts as a file that both sides read. */
export const textsFile = (tools: Tools, name: string, texts: unknown): string => {
  const file = join(tools.folder("texts"), `${name}.json`)
  writeFileSync(file, JSON.stringify(texts))
  return file
}

/** Tokens that the tokenizer knows: few, so that Japanese takes as many tokens as it does with LLaMA's own. */
const tokens = 340

/** The folder of the model, with its tokenizer. */
export const measuredModel = async (tools: Tools): Promise<string> => {
  const folder = await modelFolder(tools, "llama-30x576", smallLlama)
  if (!existsSync(join(folder, "tokenizer.json"))) {
    const texts = textsFile(tools, "phrases", phrases)
    await tools.measure(tools.python("peers/makeTokenizer.py", { folder, texts, size: tokens }))
  }
  return folder
}

const { hidden_size: hidden, intermediate_size: inner, num_hidden_layers: layers, vocab_size: vocabulary } = smallLlama

/** Weights of the layers; keys and values have a third of the queries' heads. */
const layerWeights = layers * (hidden * hidden * (2 + 2 / 3) + 3 * hidden * inner)

/** Bytes of weights that each token of a generation needs to have read. */
export const weightBytes = 4 * (layerWeights + hidden * vocabulary)

/**
 * Floating-point operations that a score cannot do without, each product counted as multiply and add: every matrix for
 * each token, the visible half of attention, and the output layer for tokens that have a label.
 */
export const usefulOperations = (
  sequences: ReadonlyArray<{ readonly tokens: number; readonly labels: number }>
): number =>
  sequences.reduce(
    (all, { labels, tokens }) =>
      all + 2 * tokens * layerWeights + 2 * tokens * tokens * hidden * layers + 2 * labels * hidden * vocabulary,
    0
  )

/** The machine's own limit for products: the best of two runs. */
export const productLimit = async (tools: Tools): Promise<number> => {
  const report = Schema.Struct({ gigaflops: Schema.Finite })
  const { limit } = await tools.alternately({ limit: tools.node("tanren/gemm.ts", {}) }, 2, report)
  return Math.max(...limit.map((run) => run.report.gigaflops))
}

interface Timed {
  readonly seconds: number
}

/** Pieces of work a second, and the peak of memory. */
export const speedOf = (runs: ReadonlyArray<Run<Timed>>, pieces: number) => ({
  value: median(runs.map(({ report }) => pieces / report.seconds)),
  peak: largestPeak(runs)
})

/** The largest difference of two lists of numbers; infinite where they are not of one length. */
export const largestDifference = (ours: ReadonlyArray<number>, theirs: ReadonlyArray<number>): number =>
  ours.length === theirs.length
    ? ours.reduce((largest, value, index) => Math.max(largest, Math.abs(value - (theirs[index] ?? NaN))), 0)
    : Infinity

/** The report of the first run. */
export const firstReport = <Report>([first]: ReadonlyArray<Run<Report>>): Report => {
  if (first === undefined) throw new Error("nothing was run")
  return first.report
}
