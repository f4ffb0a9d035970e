/**
 * A whole experiment in two minutes on two cores: a small Japanese base model, tuned by LoRA on instruction rows, measured before
 * and after. Everything it reads lies in `quickstart/`.
 */
import {
  atLeast,
  atMost,
  calmPrompt,
  calmQuestionPrompt,
  choiceTask,
  compare,
  evalChoices,
  evalPerplexity,
  experiment,
  filter,
  format,
  generate,
  holdOut,
  InstructionRow,
  load,
  loraTrain,
  model,
  pipe,
  QuestionRow,
  report,
  tokenize
} from "tanren"
import * as Schema from "effect/Schema"

const base = model.folder("quickstart/base")

const instructions = pipe(
  load.files({ files: "quickstart/rows/**/*.json", row: InstructionRow }), // 3,020 rows
  filter({ name: "no translation", keep: (row) => !row.instruction.includes("翻訳") }), // 2,400 are left
  holdOut({ rows: 100, seed: 42 }),
  format({ template: calmPrompt }),
  tokenize({ model: base, maxLength: 128 })
)

const tuned = pipe(
  instructions,
  loraTrain({
    base,
    rank: 8,
    alpha: 16,
    targets: ["query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h"],
    dropout: 0.05,
    epochs: 1, // 2,300 rows / 32 = 72 steps
    batchSize: 32,
    learningRate: 2e-3,
    labels: "response",
    validateEvery: 25,
    seed: 42
  })
)

const questions = pipe(
  load.files({ files: "quickstart/questions.json", row: QuestionRow }),
  evalPerplexity({ template: calmQuestionPrompt })
)

const Review = Schema.Struct({ sentence: Schema.String, label: Schema.Literals(["ポジティブ", "ネガティブ"]) })

const reviews = choiceTask({
  name: "reviews",
  description:
    "以下はタスクを説明する指示とさらなる文脈を適用する入力の組み合わせです。要求を適切に満たすような返答を書いてください。\n\n",
  document: `### 指示:
以下の製品レビューを、ポジティブかネガティブに分類してください。

### 入力:
{sentence}

### 返答:
`,
  label: "label",
  choices: [
    { label: "ポジティブ", text: "ポジティブ" },
    { label: "ネガティブ", text: "ネガティブ" }
  ],
  documents: load.files({ files: "quickstart/choices.jsonl", row: Review }),
  examples: load.files({ files: "quickstart/choices-examples.jsonl", row: Review })
})

const answers = generate({
  template: calmPrompt,
  column: "instruction",
  questions: [
    "青森県の県庁所在地はどこですか？",
    "「りんご」は何の仲間ですか？",
    "水曜日の次の日は何曜日ですか？",
    "7足す2はいくつですか？",
    "あなたは誰ですか？"
  ],
  maxTokens: 24
})

const reviewsWith = (shots: number) => evalChoices({ task: reviews, shots, limit: 100 })

const results = compare(
  { base, tuned },
  {
    perplexity: questions,
    "reviews, 0 shots": reviewsWith(0),
    "reviews, 1 shot": reviewsWith(1),
    answers
  }
)

const expect = {
  tuned: { perplexity: atMost(12), "reviews, 0 shots": atLeast(0.8) }
}

export default experiment("quickstart", {
  results,
  expect,
  report: report({
    title: "Quickstart",
    notes: [
      "A GPT-NeoX of 3.8 million parameters, before and after one epoch of LoRA tuning on Japanese instructions. Perplexity is over " +
        "answers to questions that no training row asks; the reviews are in no training row either."
    ]
  })({ results, training: { tuned: tuned.log }, tuned: { tuned: "base" }, expect })
})
