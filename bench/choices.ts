/** Questions with choices after three examples, against lm-eval. */
import * as Schema from "effect/Schema"
import { isDeepStrictEqual } from "node:util"
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
/** Tokens at once: two questions, for more take memory and no less time. */
const batch = 1024

const Report = Schema.Struct({
  seconds: Schema.Finite,
  scores: Schema.Array(Schema.Array(Schema.Finite)),
  tokens: Schema.optionalKey(Schema.Array(Schema.Int)),
  labels: Schema.optionalKey(Schema.Array(Schema.Int))
})

type Scores = ReadonlyArray<ReadonlyArray<number>>

/** The position of each question's likeliest choice. */
const answers = (scores: Scores): ReadonlyArray<number> => scores.map((own) => own.indexOf(Math.max(...own)))

/** That both sides give the same log-probabilities and the same answers. Throws if they do not. */
const proof = (ours: Scores, theirs: Scores): string => {
  const difference = largestDifference(ours.flat(), theirs.flat())
  if (!(difference < tolerance)) throw new Error(`log-probabilities differ by ${difference}`)
  if (!isDeepStrictEqual(answers(ours), answers(theirs))) {
    throw new Error(`answers ${answers(ours).join(" ")} and ${answers(theirs).join(" ")}`)
  }
  return `same answers; log-probabilities differ by ${difference.toExponential(0)} (allowed ${tolerance.toExponential(0)})`
}

const run = async (tools: Tools): Promise<Record<"questions" | "memory", Comparison>> => {
  const model = await measuredModel(tools)
  const prompts = questions.map((question, document) => ({ document, ...question }))
  const file = textsFile(tools, "questions", prompts)
  const peer = (batchSize: number) => tools.python("peers/choices.py", { model, questions: file, batchSize })
  const sides = { tanren: tools.node("tanren/choices.ts", { model, file, batch }), one: peer(1), eight: peer(8) }
  const runs = await tools.alternately(sides, repetitions, Report)
  const limit = await productLimit(tools)
  const [tanren, one, eight] = [runs.tanren, runs.one, runs.eight].map((side) => speedOf(side, questions.length))
  if (tanren === undefined || one === undefined || eight === undefined) throw new Error("nothing was run")
  const { labels = [], scores, tokens = [] } = firstReport(runs.tanren)
  const best = one.value > eight.value ? one : eight
  const theirs = one.value > eight.value ? runs.one : runs.eight
  const same = proof(scores, firstReport(theirs).scores)
  const operations = usefulOperations(tokens.map((count, index) => ({ tokens: count, labels: labels[index] ?? 0 })))
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
  quick: false,
  goals: {
    questions: { of: "ratio", bound: "at least", value: 4.75, raisedFrom: 4 },
    memory: { of: "ratio", bound: "at most", value: 0.62, raisedFrom: 0.7 }
  },
  run
})
