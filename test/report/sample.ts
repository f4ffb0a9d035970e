/** A report's subject with something of every kind: scores, answers, training, expectations, details, awkward names. */
import { atLeast, near } from "../../src/pipeline/Experiment.ts"
import type { TrainingLog } from "../../src/pipeline/Measurement.ts"
import type { Subject } from "../../src/report/assemble.ts"

const perplexity = (value: number, standardError: number | null) => ({
  scores: [
    { name: "perplexity", value, standardError, better: "lower" },
    { name: "loss", value: Math.log(value), standardError: null, better: "lower" }
  ],
  examples: 793_664
})

const accuracy = (value: number) => ({ scores: [{ name: "accuracy", value, standardError: 0.0101, better: "higher" }] })

const answers = (whoAreYou: string, way: string) => ({
  answers: [
    { question: "あなたは誰ですか？", answer: whoAreYou, ended: "end of text" },
    { question: "東京から大阪の行き方を教えてください。", answer: way, ended: "token limit" }
  ]
})

const steps = 240

/** A loss that falls and wobbles: the wobble is a fixed sum of waves. */
const log: TrainingLog = {
  steps: Array.from({ length: steps }, (_, i) => ({
    step: i + 1,
    loss: 1.1 + 2.6 * Math.exp(-i / 45) + 0.12 * Math.sin(i * 2.3) + 0.09 * Math.sin(i * 5.1),
    learningRate: 3e-4 * Math.min((i + 1) / 20, (steps - i) / (steps - 20)),
    gradientNorm: 0.5 + 2 * Math.exp(-i / 30) + 0.2 * Math.abs(Math.sin(i * 3.7)),
    tokens: 5_120 + 64 * (i % 7)
  })),
  validation: [30, 60, 90, 120, 150, 180, 210, 240].map((step) => ({ step, loss: 1.22 + 2.5 * Math.exp(-step / 45) }))
}

export const subject: Subject = {
  published: {
    source: "Table 2",
    figures: [
      { model: "Tuned, 10 epochs", measurement: "VQA", value: 29.9 },
      { model: "Tuned, 10 epochs", measurement: "JNLI 1-shot", value: 0.475 }
    ]
  },
  title: "鍛錬: a small model learns to follow 指示",
  notes: ["Perplexity counts the response alone. Accuracy takes the likeliest of the given choices."],
  models: ["Base", "Tuned, 10 epochs", "Elsewhere <b>&"],
  measurements: ["VQA", "JNLI 1-shot", "MARC-ja 1-shot", "質問への答え"],
  results: {
    Base: {
      VQA: perplexity(1499.2, 31.4),
      "JNLI 1-shot": accuracy(0.294),
      "MARC-ja 1-shot": accuracy(0.781),
      質問への答え: answers(
        "あなたは誰ですか？あなたは誰ですか？あなたは誰ですか？",
        "東京から大阪の行き方を教えてください。\n東京から大阪の"
      )
    },
    "Tuned, 10 epochs": {
      VQA: perplexity(29.903, 0.42),
      "JNLI 1-shot": accuracy(0.459),
      "MARC-ja 1-shot": accuracy(0.468),
      質問への答え: answers(
        "私は、質問に答えるために訓練された言語モデルです。",
        "新幹線を利用するのが最も速い方法です。のぞみ号で約2時間30分かかります。\n\n1. 東京駅へ行く\n2. のぞみに乗る"
      )
    },
    "Elsewhere <b>&": { VQA: perplexity(68.52, null), "JNLI 1-shot": accuracy(0.459) }
  },
  trainings: [{ name: "Tuned, 10 epochs", log }],
  tuned: [{ tuned: "Tuned, 10 epochs", base: "Base" }],
  expect: [
    { model: "Tuned, 10 epochs", measurement: "VQA", expectation: near(29.9, { relative: 0.05 }, "Table 2") },
    { model: "Tuned, 10 epochs", measurement: "JNLI 1-shot", expectation: near(0.459, { absolute: 0.02 }, "Table 2") },
    { model: "Tuned, 10 epochs", measurement: "MARC-ja 1-shot", expectation: atLeast(0.5) }
  ]
}
