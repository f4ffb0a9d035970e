/** Questions with choices after three examples, against lm-eval. */
import * as Schema from "effect/Schema"
import { benchmark, type Comparison } from "./harness/Benchmark.ts"
import type { Tools } from "./harness/tools.ts"
import { jnliQuestions } from "./measuring/texts.ts"
import {
  firstReport,
  largestDifference,
  measuredModel,
  productLimit,
  speedOf,
  textsFile,
  usefulOperations
} from "./measuring/work.ts"

const questions = jnliQuestions(12)
const repetitions = 2
const tolerance = 1e-4

const Report = Schema.Struct({
  seconds: Schema.Finite,
  scores: Schema.Array(Schema.Array(Schema.Finite)),
  tokens: Schema.optionalKey(Schema.Array(Schema.Int)),
  labels: Schema.optionalKey(Schema.Array(Schema.Int))
})

const accuracy = (scores: ReadonlyArray<ReadonlyArray<number>>): number =>
  scores.filter((own, index) => own.indexOf(Math.max(...own)) === questions[index]?.gold).length / questions.length

/** That both sides give the same log-probabilities, and so the same answers. Throws if they do not. */
const proof = (ours: ReadonlyArray<ReadonlyArray<number>>, theirs: ReadonlyArray<ReadonlyArray<number>>): string => {
  const difference = largestDifference(ours.flat(), theirs.flat())
  if (!(difference < tolerance)) throw new Error(`log-probabilities differ by ${difference}`)
  if (accuracy(ours) !== accuracy(theirs)) throw new Error(`accuracies ${accuracy(ours)} and ${accuracy(theirs)}`)
  return `same accuracy; log-probabilities differ by ${difference.toExponential(0)} (allowed ${tolerance.toExponential(0)})`
}

const run = async (tools: Tools): Promise<Record<"questions" | "memory", Comparison>> => {
  const model = await measuredModel(tools)
  const prompts = questions.map((question, document) => ({ document, ...question }))
  const file = textsFile(tools, "questions", prompts)
  const peer = (batchSize: number) => tools.python("peers/choices.py", { model, questions: file, batchSize })
  const sides = { tanren: tools.node("tanren/choices.ts", { model, file, batch: 2048 }), one: peer(1), eight: peer(8) }
  const runs = await tools.alternately(sides, repetitions, Report)
  const limit = await productLimit(tools)
  const [tanren, one, eight] = [runs.tanren, runs.one, runs.eight].map((side) => speedOf(side, questions.length))
  if (tanren === undefined || one === undefined || eight === undefined) throw new Error("nothing was run")
  const { labels = [], scores, tokens = [] } = firstReport(runs.tanren)
  const same = proof(scores, firstReport(runs.one).scores)
  const operations = usefulOperations(tokens.map((count, index) => ({ tokens: count, labels: labels[index] ?? 0 })))
  const best = one.value > eight.value ? one : eight
  const method = `median of ${repetitions}, the better of lm-eval's batches of 1 and 8`
  const memory = (peak: number | null) => ({ value: (peak ?? NaN) / 1e6, peak })
  return {
    questions: {
      unit: "questions/s",
      tanren,
      peer: best,
      share: {
        of: "one large product",
        value: (operations / questions.length / 1e9) * tanren.value,
        limit,
        unit: "GFLOP/s"
      },
      method,
      proof: same
    },
    memory: { unit: "MB", tanren: memory(tanren.peak), peer: memory(best.peak), method, proof: same }
  }
}

export default benchmark({
  name: "choices",
  work:
    "JNLI, prompt 0.2, three examples, about 600 tokens a question, three choices each, on a LLaMA 30 x 576, " +
    "V = 49,152, float32",
  peer: "lm-eval",
  quick: true,
  goals: {
    questions: { of: "ratio", bound: "at least", value: 4 },
    memory: { of: "ratio", bound: "at most", value: 0.7 }
  },
  run
})
