/**
 * Makes the quickstart's rows, questions and choice task, the same bytes every time:
 *
 *     node pipelines/quickstart/make/rows.ts
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { splitFacts } from "./facts/all.ts"
import { type Ask, askAbout } from "./facts/Fact.ts"
import { seeded } from "./facts/Random.ts"
import { type Review, reviewSets } from "./facts/reviews.ts"
import { translations } from "./facts/translations.ts"

const root = join(import.meta.dirname, "..")

const counts = { facts: 1_900, reviews: 500, translations: 620, questions: 200, documents: 200, examples: 60 }

const rowsPerFile = 1_000

interface Row {
  readonly dataset: string
  readonly ask: Ask
}

const reviewInstructions = [
  "以下の製品レビューを、ポジティブかネガティブに分類してください。",
  "次のレビューはポジティブですか、ネガティブですか？",
  "このレビューの感情をポジティブかネガティブで答えてください。"
]

const reviewRows = (reviews: ReadonlyArray<Review>): ReadonlyArray<Row> => {
  const random = seeded(3)
  return reviews.map(({ sentence, label }) => ({
    dataset: "reviews/sentiment",
    ask: askAbout(random.pick(reviewInstructions), sentence, label)
  }))
}

/** Rows by dataset, each instruction and input once. */
const distinctRows = (rows: ReadonlyArray<Row>): ReadonlyArray<Row> => [
  ...new Map(rows.map((row) => [JSON.stringify([row.ask.instruction, row.ask.input]), row])).values()
]

/** One JSON value a line inside an array, so that a change of one row is a change of one line. */
const lines = (values: ReadonlyArray<unknown>): string =>
  `[\n${values.map((value) => JSON.stringify(value)).join(",\n")}\n]\n`

const jsonLines = (values: ReadonlyArray<unknown>): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("")

const writeDataset = (dataset: string, rows: ReadonlyArray<Row>): void => {
  const folder = join(root, "rows", dataset, "data")
  mkdirSync(folder, { recursive: true })
  for (let start = 0; start < rows.length; start += rowsPerFile) {
    const file = `${String(start / rowsPerFile).padStart(6, "0")}.json`
    const page = rows
      .slice(start, start + rowsPerFile)
      .map(({ ask }, offset) => ({ index: String(start + offset), ...ask }))
    writeFileSync(join(folder, file), lines(page))
  }
}

const { tuned, held } = splitFacts()
const reviews = reviewSets({ rows: counts.reviews, documents: counts.documents, examples: counts.examples })

const factRows = distinctRows(
  tuned.flatMap(({ asks, dataset }) => asks.map((ask) => ({ dataset: `facts/${dataset}`, ask })))
)
const translationRows = translations(counts.translations).flatMap(({ asks, dataset }) =>
  asks.map((ask) => ({ dataset: `translation/${dataset}`, ask }))
)
const rows = [...seeded(2).shuffle(factRows).slice(0, counts.facts), ...reviewRows(reviews.rows), ...translationRows]

rmSync(join(root, "rows"), { recursive: true, force: true })
for (const [dataset, group] of Map.groupBy(rows, (row) => row.dataset)) writeDataset(dataset, group)

const questions = seeded(4)
  .shuffle(held.map(({ question }) => question))
  .slice(0, counts.questions)
writeFileSync(join(root, "questions.json"), lines(questions))
writeFileSync(join(root, "choices.jsonl"), jsonLines(reviews.documents))
writeFileSync(join(root, "choices-examples.jsonl"), jsonLines(reviews.examples))

process.stdout.write(
  `${rows.length} rows (${translationRows.length} of translation; ${factRows.length} askable facts), ${questions.length} questions\n`
)
