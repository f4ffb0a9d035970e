/**
 * Writes the running text of the facts and reviews, one paragraph a line, for the base model to read:
 *
 *     node pipelines/quickstart/make/text.ts > corpus/facts.txt
 *
 * No paragraph has the form of an instruction or of a question with its answer.
 */
import { facts } from "./facts/all.ts"
import { seeded } from "./facts/Random.ts"
import { reviewText } from "./facts/reviews.ts"

/** How often the facts are told, each time in another order. */
const tellings = 10

const reviewParagraphs = 3_000

const random = seeded(5)

const paragraphs = Array.from({ length: tellings }, () => {
  const groups = Map.groupBy(facts(), (fact) => fact.dataset)
  return [...groups.values()].flatMap((group) => {
    const sentences = random.shuffle(group.flatMap((fact) => fact.tells))
    const cut: Array<string> = []
    for (let start = 0; start < sentences.length;) {
      const length = 2 + random.integer(4)
      cut.push(sentences.slice(start, start + length).join(""))
      start += length
    }
    return cut
  })
}).flat()

process.stdout.write(
  random
    .shuffle([...paragraphs, ...reviewText(reviewParagraphs)])
    .map((line) => `${line}\n`)
    .join("")
)
