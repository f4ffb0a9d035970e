/** Perplexity of answers to short questions, against transformers one by one and in padded batches. */
import * as Schema from "effect/Schema"
import { benchmark, type Comparison } from "./harness/Benchmark.ts"
import type { Tools } from "./harness/tools.ts"
import { answeredQuestions } from "./measuring/texts.ts"
import { firstReport, measuredModel, productLimit, speedOf, textsFile, usefulOperations } from "./measuring/work.ts"

const rows = answeredQuestions(64)
const repetitions = 2

const Report = Schema.Struct({
  seconds: Schema.Finite,
  losses: Schema.Array(Schema.Finite),
  tokens: Schema.optionalKey(Schema.Array(Schema.Int)),
  labels: Schema.optionalKey(Schema.Array(Schema.Int))
})

const perplexity = (losses: ReadonlyArray<number>): number =>
  Math.exp(losses.reduce((sum, loss) => sum + loss, 0) / losses.length)

/** That both sides give the same perplexity to six digits. Throws if they do not. */
const proof = (ours: ReadonlyArray<number>, theirs: ReadonlyArray<number>): string => {
  const [own, other] = [perplexity(ours), perplexity(theirs)]
  if (!(Math.abs(own / other - 1) < 1e-6)) throw new Error(`perplexities differ: ${own} and ${other}`)
  return `perplexity ${own.toPrecision(6)} and ${other.toPrecision(6)}`
}

const run = async (tools: Tools): Promise<Record<"one by one" | "padded batches", Comparison>> => {
  const model = await measuredModel(tools)
  const file = textsFile(tools, "rows", rows)
  const peer = (batchSize: number) => tools.python("peers/perplexity.py", { model, rows: file, batchSize })
  const sides = {
    tanren: tools.node("tanren/perplexity.ts", { model, file, batch: 2048 }),
    one: peer(1),
    many: peer(16)
  }
  const runs = await tools.alternately(sides, repetitions, Report)
  const limit = await productLimit(tools)
  const { labels = [], losses, tokens = [] } = firstReport(runs.tanren)
  const operations = usefulOperations(tokens.map((count, index) => ({ tokens: count, labels: labels[index] ?? 0 })))
  const tanren = speedOf(runs.tanren, rows.length)
  const against = (side: "one" | "many"): Comparison => ({
    unit: "pairs/s",
    tanren,
    peer: speedOf(runs[side], rows.length),
    share: {
      of: "one large product",
      value: (operations / rows.length / 1e9) * tanren.value,
      limit,
      unit: "GFLOP/s"
    },
    method: `median of ${repetitions}`,
    proof: proof(losses, firstReport(runs[side]).losses)
  })
  return { "one by one": against("one"), "padded batches": against("many") }
}

export default benchmark({
  name: "perplexity",
  work:
    "question and answer pairs of about 112 tokens, half of them the template's, answers alone counted, on a LLaMA 30 x 576, V = 49,152, float32; " +
    "the peer takes them one by one, as the paper's code does, or pads batches of 16",
  peer: "transformers",
  quick: true,
  goals: {
    "one by one": { of: "ratio", bound: "at least", value: 2.75, raisedFrom: 2.5 },
    "padded batches": { of: "ratio", bound: "at least", value: 2.5, raisedFrom: 1.5 }
  },
  run
})
