/** Metrics of a choice task, as the evaluation harness and scikit-learn define them. */
import type { Score } from "../src/pipeline/Measurement.ts"
import { standardErrorOfMean } from "./perplexity.ts"

/** One question: the right choice, the one of the highest likelihood, and the one of the highest likelihood a character. */
export interface Answered {
  readonly gold: number
  readonly predicted: number
  readonly predictedByCharacter: number
}

/** Position of the largest value; the first of several. */
export const argmax = (values: ReadonlyArray<number>): number =>
  values.reduce((best, value, index) => (value > (values[best] ?? -Infinity) ? index : best), 0)

const mean = (values: ReadonlyArray<number>): number =>
  values.reduce((total, value) => total + value, 0) / values.length

/** How often a class is right, predicted, and both. */
const tally = (answers: ReadonlyArray<Answered>, label: number) => {
  const gold = answers.filter((answer) => answer.gold === label).length
  const predicted = answers.filter((answer) => answer.predicted === label).length
  const both = answers.filter((answer) => answer.gold === label && answer.predicted === label).length
  return { gold, predicted, both }
}

/** Mean recall over the classes that occur. */
const balancedAccuracy = (tallies: ReadonlyArray<ReturnType<typeof tally>>): number =>
  mean(tallies.filter(({ gold }) => gold > 0).map(({ both, gold }) => both / gold))

/** Mean F1 over the classes that occur or are predicted. */
const macroF1 = (tallies: ReadonlyArray<ReturnType<typeof tally>>): number =>
  mean(
    tallies
      .filter(({ gold, predicted }) => gold + predicted > 0)
      .map(({ both, gold, predicted }) => (2 * both) / (gold + predicted))
  )

/** Matthews correlation for several classes (Gorodkin 2004); 0 where it is undefined. */
const matthews = (tallies: ReadonlyArray<ReturnType<typeof tally>>, count: number): number => {
  const sumOver = (of: (one: ReturnType<typeof tally>) => number) => tallies.reduce((total, one) => total + of(one), 0)
  const covariance = sumOver(({ both }) => both) * count - sumOver(({ gold, predicted }) => gold * predicted)
  const spreadOfPredicted = count ** 2 - sumOver(({ predicted }) => predicted ** 2)
  const spreadOfGold = count ** 2 - sumOver(({ gold }) => gold ** 2)
  const spread = Math.sqrt(spreadOfPredicted) * Math.sqrt(spreadOfGold)
  return spread === 0 ? 0 : covariance / spread
}

/** Accuracy first, then the metrics beside it. `classes` is the number of choices. */
export const choiceScores = (
  answers: ReadonlyArray<Answered>,
  classes: number
): readonly [Score, ...ReadonlyArray<Score>] => {
  const hits = answers.map(({ gold, predicted }) => (gold === predicted ? 1 : 0))
  const normalizedHits = answers.map(({ gold, predictedByCharacter }) => (gold === predictedByCharacter ? 1 : 0))
  const tallies = Array.from({ length: classes }, (_, label) => tally(answers, label))
  const score = (name: string, value: number, standardError: number | null = null): Score => ({
    name,
    value,
    standardError,
    better: "higher"
  })
  return [
    score("accuracy", mean(hits), standardErrorOfMean(hits)),
    score("accuracy by character", mean(normalizedHits), standardErrorOfMean(normalizedHits)),
    score("balanced accuracy", balancedAccuracy(tallies)),
    score("Matthews correlation", matthews(tallies, answers.length)),
    score("macro F1", macroF1(tallies))
  ]
}
