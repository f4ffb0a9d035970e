/** Texts for measurements: rows as JNLI has them, questions with answers, and questions to be answered. */
import { uniform } from "../../src/model/random.ts"
import { calmQuestionPrompt } from "../../src/text/prompts.ts"
import { renderPrompt } from "../../src/text/Prompt.ts"
import { render, template } from "../../src/text/template.ts"

/** A context and what might follow it. */
export interface Question {
  readonly context: string
  readonly choices: ReadonlyArray<string>
  readonly gold: number
}

const people = ["男性", "女性", "子供", "学生", "選手", "老人", "警察官", "料理人", "観光客", "サーファー"]
const numbers = ["一人の", "二人の", "三人の", "数人の", "大勢の", "若い"]
const looks = ["赤い帽子をかぶった", "青いシャツを着た", "傘を差した", "荷物を持った", "眼鏡をかけた", ""]
const places = ["公園", "駅のホーム", "海辺", "台所", "雪の積もった山", "広い草原", "交差点", "体育館", "川の近く"]
const acts = [
  "サッカーをしています",
  "電車を待っています",
  "写真を撮っています",
  "食事の準備をしています",
  "自転車に乗っています",
  "犬と遊んでいます",
  "ベンチに座って本を読んでいます",
  "スケートボードで技を決めています"
]

/** One of the words, by number `counter` of the random stream `key`. */
const pick = (words: ReadonlyArray<string>, key: number, counter: number): string =>
  words[Math.floor(uniform(key, counter) * words.length)] ?? ""

const labels = ["entailment", "contradiction", "neutral"]

/** A description of a picture, as the premises and hypotheses of JNLI are. */
const caption = (key: number, first: number): string =>
  pick(looks, key, first) +
  pick(numbers, key, first + 1) +
  `${pick(people, key, first + 2)}が、${pick(places, key, first + 3)}で${pick(acts, key, first + 4)}。`

const pair = (key: number) => ({
  sentence1: caption(key, 0),
  sentence2: caption(key, 5),
  gold: Math.floor(uniform(key, 10) * labels.length)
})

const description = `前提と仮説の関係をentailment、contradiction、neutralの中から回答してください。

制約:
- 前提から仮説が、論理的知識や常識的知識を用いて導出可能である場合はentailmentと出力
- 前提と仮説が両立しえない場合はcontradictionと出力
- そのいずれでもない場合はneutralと出力

`
const document = template("前提:{sentence1}\n仮説:{sentence2}\n関係:")

/** Questions as JNLI's prompt 0.2 asks them after three examples, which differ from question to question. */
export const jnliQuestions = (count: number): ReadonlyArray<Question> =>
  Array.from({ length: count }, (_, index) => {
    const asked = pair(4 * index)
    const examples = [1, 2, 3].map((shot) => {
      const { gold, ...sentences } = pair(4 * index + shot)
      return `${render(document, sentences)}${labels[gold]}\n\n`
    })
    return { context: description + examples.join("") + render(document, asked), choices: labels, gold: asked.gold }
  })

/** Questions with short answers, under the prompt of section 3.1 of the paper. */
export const answeredQuestions = (
  count: number
): ReadonlyArray<{ readonly prompt: string; readonly response: string }> =>
  Array.from({ length: count }, (_, index) => {
    const key = 1000 + index
    return renderPrompt(calmQuestionPrompt, {
      question: `${pick(people, key, 0)}は何をしていますか？`,
      answer: `${pick(places, key, 1)}で${pick(acts, key, 2)}。`
    })
  })

/** Prompts of several lengths to be written on from. */
export const openQuestions = (count: number): ReadonlyArray<string> =>
  answeredQuestions(count).map(({ prompt }, index) => prompt + caption(index, 0).slice(0, 3 * (index % 4)))

/** What the tokenizer of these texts is made from: each phrase once, so that tokens are parts of words. */
export const phrases: ReadonlyArray<string> = [
  ...people,
  ...numbers,
  ...looks,
  ...places,
  ...acts,
  description,
  document.literals.join("")
]
