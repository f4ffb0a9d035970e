/** Short product reviews, each praising or finding fault: the rows, the evaluation documents and the running text of one task. */
import { words } from "./Fact.ts"
import { type Random, seeded } from "./Random.ts"

export type Sentiment = "ポジティブ" | "ネガティブ"

export interface Review {
  readonly sentence: string
  readonly label: Sentiment
}

const products =
  words(`この本 このカメラ この鞄 この靴 この椅子 このテレビ この掃除機 このお菓子 この映画 このゲーム この音楽 この時計 この傘 この机 この枕
  この財布 この化粧水 このコーヒー このお茶 この布団 このイヤホン この炊飯器 この自転車 この辞書 この漫画`)

/** What can be said of a product; the last fifth of each list is said in evaluation documents (and in running text) alone. */
const openings: Readonly<Record<Sentiment, ReadonlyArray<string>>> = {
  ポジティブ:
    words(`とても使いやすいです。 デザインが美しいです。 質が高くて満足です。 想像以上に良かったです。 値段の割に優れています。 期待どおりの品でした。
    丈夫で長持ちします。 軽くて便利です。 家族にも好評です。 色がきれいで気に入りました。 本当に素晴らしいです。 作りがしっかりしています。
    最高の出来です。 説明も丁寧で助かりました。 届くのも早く嬉しいです。 毎日楽しく使っています。 大変気持ちが良いです。 思ったより快適です。
    文句なしの品です。 贈り物として喜ばれました。`),
  ネガティブ:
    words(`とても使いにくいです。 デザインがひどいです。 質が低くて不満です。 想像以上に悪かったです。 値段の割に粗末です。 期待はずれの品でした。
    もろくてすぐ壊れます。 重くて不便です。 家族にも不評です。 色が汚くて嫌になりました。 本当に最低です。 作りが雑です。
    最悪の出来です。 説明も不親切で困りました。 届くのも遅く腹が立ちます。 全く使っていません。 大変気分が悪いです。 思ったより退屈です。
    欠点だらけの品です。 贈り物として失敗でした。`)
}

const endings: Readonly<Record<Sentiment, ReadonlyArray<string>>> = {
  ポジティブ:
    words(`また買います。 おすすめです。 買って正解でした。 大満足です。 友人にも勧めました。 星五つです。 感動しました。 これからも愛用します。
    また利用したいです。 感謝しています。`),
  ネガティブ:
    words(`二度と買いません。 おすすめできません。 買って後悔しました。 がっかりです。 すぐに捨てました。 星一つです。 失望しました。 返品しました。
    もう利用したくないです。 お金の無駄でした。`)
}

const sentiments: ReadonlyArray<Sentiment> = ["ポジティブ", "ネガティブ"]

const write = (
  random: Random,
  label: Sentiment,
  opening: ReadonlyArray<string>,
  ending: ReadonlyArray<string>
): Review => ({
  sentence: `${random.pick(products)}は${random.pick(opening)}${random.integer(3) === 0 ? "" : random.pick(ending)}`,
  label
})

const split = (phrases: ReadonlyArray<string>) => {
  const border = Math.floor(phrases.length * 0.8)
  return { tuned: phrases.slice(0, border), held: phrases.slice(border) }
}

/** `count` distinct reviews, half of each label, in an order of chance; `taken` holds sentences that may not come back. */
const distinct = (
  random: Random,
  count: number,
  taken: Set<string>,
  phrases: "tuned" | "all"
): ReadonlyArray<Review> => {
  const reviews: Array<Review> = []
  while (reviews.length < count) {
    const label = sentiments[reviews.length % 2] ?? "ポジティブ"
    const opening = phrases === "all" ? openings[label] : split(openings[label]).tuned
    const ending = phrases === "all" ? endings[label] : split(endings[label]).tuned
    const review = write(random, label, opening, ending)
    if (taken.has(review.sentence)) continue
    taken.add(review.sentence)
    reviews.push(review)
  }
  return random.shuffle(reviews)
}

/** Reviews for the instruction rows, for the choice task and for its few-shot examples: no sentence twice in all three. */
export const reviewSets = (counts: {
  readonly rows: number
  readonly documents: number
  readonly examples: number
}) => {
  const random = seeded(21)
  const taken = new Set<string>()
  return {
    rows: distinct(random, counts.rows, taken, "tuned"),
    documents: distinct(random, counts.documents, taken, "all"),
    examples: distinct(random, counts.examples, taken, "tuned")
  }
}

/** Running text of reviews with one opinion throughout, never the sentences of the three sets, and without the names of the labels. */
export const reviewText = (count: number): ReadonlyArray<string> => {
  const random = seeded(22)
  return Array.from({ length: count }, (_, index) => {
    const label = sentiments[index % 2] ?? "ポジティブ"
    const [first, second, third] = random.shuffle([...openings[label], ...endings[label]])
    const praise = label === "ポジティブ" ? "良い" : "悪い"
    const close = random.integer(2) === 0 ? "" : `${praise}買い物でした。`
    return `${random.pick(products)}を買いました。${first ?? ""}${second ?? ""}${third ?? ""}${close}`
  })
}
