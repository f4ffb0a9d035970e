/**
 * Makes the evaluation data of the small paper in the layouts of the real ones, the same bytes every time:
 *
 *     node pipelines/paper-small/make/data.ts
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { words } from "../../quickstart/make/facts/Fact.ts"
import { type Random, seeded } from "../../quickstart/make/facts/Random.ts"
import { reviewSets } from "../../quickstart/make/facts/reviews.ts"

const root = join(import.meta.dirname, "..")
const counts = { documents: 40, examples: 60, pairsOfImage: 3 }

const jsonLines = (values: ReadonlyArray<unknown>): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("")
const write = (name: string, text: string) => writeFileSync(join(root, name), text)

/** Japanese VQA: the pairs of one image together. */
const questions: ReadonlyArray<{ readonly question: string; readonly answer: string }> = JSON.parse(
  readFileSync(join(root, "../quickstart/questions.json"), "utf8")
)
const images = Array.from({ length: Math.ceil(questions.length / counts.pairsOfImage) }, (_, image) => ({
  id: image + 1,
  qas: questions.slice(image * counts.pairsOfImage, (image + 1) * counts.pairsOfImage).map((pair, offset) => ({
    qa_id: image * counts.pairsOfImage + offset + 1,
    ...pair,
    a_objects: [],
    q_objects: []
  }))
}))
write("question_answers.json", `[\n${images.map((image) => JSON.stringify(image)).join(",\n")}\n]\n`)

/** JNLI: what one caption of a scene says of another. */
const people = words("男性 女性 少年 少女 老人 学生 選手 親子")
const places = words("公園 海岸 駅前 台所 教室 草原 店先 庭")
const doings = [
  ["本を読んでいます", "眠っています"],
  ["自転車に乗っています", "椅子に座っています"],
  ["写真を撮っています", "食事をしています"],
  ["犬と遊んでいます", "電話をかけています"],
  ["料理をしています", "掃除をしています"],
  ["歌を歌っています", "絵を描いています"]
] as const
const details = words("赤い帽子をかぶった 眼鏡をかけた 背の高い 傘を持った 白い服を着た")

type Label = "entailment" | "contradiction" | "neutral"
const labels: ReadonlyArray<Label> = ["entailment", "contradiction", "neutral"]

const pair = (random: Random, label: Label) => {
  const person = random.pick(people)
  const place = random.pick(places)
  const [doing, another] = random.pick(doings)
  const hypotheses: { readonly [L in Label]: () => string } = {
    entailment: () => random.pick([`${person}が${doing}。`, `${place}に${person}がいます。`]),
    contradiction: () => `${person}が${place}で${another}。`,
    neutral: () => `${random.pick(details)}${person}が${doing}。`
  }
  return { sentence1: `${place}で${person}が${doing}。`, sentence2: hypotheses[label](), label }
}

const sentencePairs = (random: Random, count: number) =>
  random.shuffle(
    Array.from({ length: count }, (_, index) => ({
      sentence_pair_id: String(index),
      yjcaptions_id: String(1_000 + index),
      ...pair(random, labels[index % labels.length] ?? "neutral")
    }))
  )

const random = seeded(31)
write("jnli-valid.json", jsonLines(sentencePairs(random, counts.documents)))
write("jnli-train.json", jsonLines(sentencePairs(random, counts.examples)))

/** MARC-ja: reviews; a few go on as long as real ones do, beyond what the small models were tuned on or can take. */
const sentiments = { ポジティブ: "positive", ネガティブ: "negative" } as const
const reviews = reviewSets({ rows: 0, documents: counts.documents * 8, examples: counts.examples * 8 })

const marcJa = (pages: ReadonlyArray<(typeof reviews.documents)[number]>, count: number) =>
  Array.from({ length: count }, (_, index) => {
    const label = index % 2 === 0 ? ("ポジティブ" as const) : ("ネガティブ" as const)
    const alike = pages.filter((review) => review.label === label)
    const sentences = index % 10 < 2 ? 24 : 1
    const from = Math.floor(index / 2)
    const said = Array.from({ length: sentences }, (_, offset) => alike[(from + offset) % alike.length]?.sentence ?? "")
    return { review_id: `R${String(index).padStart(4, "0")}`, sentence: said.join(""), label: sentiments[label] }
  })

write("marc_ja-valid.json", jsonLines(marcJa(reviews.documents, counts.documents)))
write("marc_ja-train.json", jsonLines(marcJa(reviews.examples, counts.examples)))
