/** Prompts of JNLI and MARC-ja are those of the evaluation harness, character for character. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { choicePrompts } from "../../stages/choicePrompts.ts"
import type { ChoiceTask } from "../../stages/choiceTask.ts"
import { jnli } from "../../stages/tasks/jnli.ts"
import { marcJa } from "../../stages/tasks/marcJa.ts"
import { Runtime } from "../model/support.ts"
import { givenTable, rowsIn, rowsOf, worldOf } from "./evaluate.ts"

const Pair = Schema.Struct({ sentence1: Schema.String, sentence2: Schema.String, label: Schema.String })
const Review = Schema.Struct({ sentence: Schema.String, label: Schema.String })

// The examples of the paper's appendix.
const frisbee = {
  sentence1: "草地でフリスビーを取ろうと、二人の女性がジャンプしています。",
  sentence2: "二人の女性がドーナツの載ったトレイを持っています。",
  label: "contradiction"
}
const mixer = {
  sentence1: "子供が2人いて、ミキサーの横に、バナナとキュウイが置いてあります。",
  sentence2: "ミキサーが置かれたテーブルにスポイトを持った子供たちがいます。",
  label: "neutral"
}
const country = { sentence: "私はカントリーが好きです、映画はまずまずです", label: "positive" }
const dance = { sentence: "最後まで、楽しめました。{ }", label: "positive" }

const pairs = { documents: givenTable("pairs", Pair), examples: givenTable("more pairs", Pair) }
const reviews = { documents: givenTable("reviews", Review), examples: givenTable("more reviews", Review) }

const world = worldOf(
  rowsIn("pairs", [mixer], Pair),
  rowsIn("more pairs", [frisbee], Pair),
  rowsIn("reviews", [dance], Review),
  rowsIn("more reviews", [country], Review)
)

const promptOf = (task: ChoiceTask, shots: number) =>
  Effect.map(rowsOf(choicePrompts({ task, shots }), world), ([prompt]) => prompt)

const alpaca =
  "以下は、タスクを説明する指示と、文脈のある入力の組み合わせです。要求を適切に満たす応答を書きなさい。\n\n"

const instruction = (...answers: ReadonlyArray<string>) =>
  `### 指示:\n与えられた前提と仮説の関係を回答してください。\n\n出力は以下から選択してください：\n${answers.join("\n")}\n\n### 入力:\n`

const sentiment =
  "### 指示:\n以下の製品レビューを、ポジティブまたはネガティブの感情クラスのいずれかに分類してください。\n\n### 入力:\n"

const cases: ReadonlyArray<{
  readonly task: ChoiceTask
  readonly description: string
  readonly example: string
  readonly question: string
  readonly choices: ReadonlyArray<string>
  readonly gold: number
}> = [
  {
    task: jnli("0.2", pairs),
    description:
      "前提と仮説の関係をentailment、contradiction、neutralの中から回答してください。\n\n制約:\n" +
      "- 前提から仮説が、論理的知識や常識的知識を用いて導出可能である場合はentailmentと出力\n" +
      "- 前提と仮説が両立しえない場合はcontradictionと出力\n- そのいずれでもない場合はneutralと出力\n\n",
    example: `前提:${frisbee.sentence1}\n仮説:${frisbee.sentence2}\n関係:contradiction\n\n`,
    question: `前提:${mixer.sentence1}\n仮説:${mixer.sentence2}\n関係:`,
    choices: ["entailment", "contradiction", "neutral"],
    gold: 2
  },
  {
    task: jnli("1.3-0.2", pairs),
    description:
      "前提と仮説の関係を含意、矛盾、中立の中から回答してください。\n\n制約:\n" +
      "- 前提から仮説が、論理的知識や常識的知識を用いて導出可能である場合は含意と出力\n" +
      "- 前提と仮説が両立しえない場合は矛盾と出力\n- そのいずれでもない場合は中立と出力\n\n",
    example: `前提:${frisbee.sentence1}\n仮説:${frisbee.sentence2}\n関係:矛盾\n\n`,
    question: `前提:${mixer.sentence1}\n仮説:${mixer.sentence2}\n関係:`,
    choices: ["含意", "矛盾", "中立"],
    gold: 2
  },
  ...[
    { version: "0.3", choices: ["entailment", "contradiction", "neutral"] },
    { version: "1.3-0.3", choices: ["含意", "矛盾", "中立"] }
  ].map(({ choices, version }) => ({
    task: jnli(version === "0.3" ? version : "1.3-0.3", pairs),
    description: alpaca,
    example: `${instruction(...choices)}前提：${frisbee.sentence1}\n仮説：${frisbee.sentence2}\n\n### 応答:\n${choices[1]}\n\n`,
    question: `${instruction(...choices)}前提：${mixer.sentence1}\n仮説：${mixer.sentence2}\n\n### 応答:\n`,
    choices,
    gold: 2
  })),
  {
    task: marcJa("0.2", reviews),
    description:
      "製品レビューをnegativeかpositiveのいずれかのセンチメントに分類してください。出力は小文字化してください。 \n\n",
    example: `製品レビュー:${country.sentence}\nセンチメント:positive\n\n`,
    question: `製品レビュー:${dance.sentence}\nセンチメント:`,
    choices: ["positive", "negative"],
    gold: 0
  },
  {
    task: marcJa("0.3", reviews),
    description: alpaca,
    example: `${sentiment}${country.sentence}\n\n### 応答:\nポジティブ\n\n`,
    question: `${sentiment}${dance.sentence}\n\n### 応答:\n`,
    choices: ["ポジティブ", "ネガティブ"],
    gold: 0
  }
]

describe.each(cases)("$task.name", ({ choices, description, example, gold, question, task }) => {
  it.effect("asks with one example", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* promptOf(task, 1), {
        document: 0,
        context: description + example + question,
        choices,
        gold
      })
    }).pipe(Effect.provide(Runtime))
  )

  it.effect("asks with none", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* promptOf(task, 0), { document: 0, context: description + question, choices, gold })
    }).pipe(Effect.provide(Runtime))
  )
})
