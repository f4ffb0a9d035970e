/** Which documents are asked, in which order, and which examples stand before each: what evaluation harnesses draw. */
import * as Schema from "effect/Schema"
import { PythonRandom } from "../src/text/pythonRandom.ts"

/**
 * How examples are drawn, from one stream of CPython's random that is seeded once and also shuffles the documents.
 * `harness`: any of them, as Stability-AI/lm-evaluation-harness (jp-stable) did in 2023. `stratified`: labels in the
 * proportions of the examples, as it has done since task version 1.3.
 */
export const Sampling = Schema.Struct({ kind: Schema.Literals(["harness", "stratified"]), seed: Schema.Int })
export type Sampling = typeof Sampling.Type

/** Positions of the documents asked, and of their examples: those of the first document, then of the second, ... */
export interface Drawn {
  readonly asked: Int32Array
  readonly examples: Int32Array
}

/**
 * Shuffles the documents, asks the first `limit` of them (null: all), and has `pick` draw `shots` examples for each, in
 * that order.
 */
export const drawFewShot = (
  documents: number,
  { limit, seed, shots }: { readonly limit: number | null; readonly seed: number; readonly shots: number },
  pick: (random: PythonRandom) => ArrayLike<number>
): Drawn => {
  const random = new PythonRandom(seed)
  const order = Int32Array.from({ length: documents }, (_, index) => index)
  random.shuffle(order)
  const asked = order.subarray(0, limit ?? documents)
  const examples = new Int32Array(asked.length * shots)
  for (let index = 0; index < asked.length; index++) examples.set(pick(random), index * shots)
  return { asked, examples }
}

/** Examples of one label, by position. */
type Stratum = Int32Array

/** The positions of each label, labels in the order in which they first appear. */
export const strataOf = (labels: ArrayLike<number>): ReadonlyArray<Stratum> => {
  const positions = new Map<number, Array<number>>()
  for (let position = 0; position < labels.length; position++) {
    const label = labels[position] ?? 0
    const known = positions.get(label)
    if (known === undefined) positions.set(label, [position])
    else known.push(position)
  }
  return [...positions.values()].map((of) => Int32Array.from(of))
}

/**
 * How many examples each stratum gives: its share of `shots`, rounded down; what is left goes, one by one, to the
 * stratum that gives the fewest, the first of several.
 */
export const quotas = (sizes: ReadonlyArray<number>, shots: number): ReadonlyArray<number> => {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const given = sizes.map((size) => Math.trunc((size / total) * shots))
  for (let left = shots - given.reduce((sum, count) => sum + count, 0); left > 0; left--) {
    const fewest = given.indexOf(Math.min(...given))
    given[fewest] = (given[fewest] ?? 0) + 1
  }
  return given
}

/** Draws every stratum's quota, then shuffles what was drawn. */
export const pickStratified =
  (strata: ReadonlyArray<Stratum>, given: ReadonlyArray<number>) =>
  (random: PythonRandom): Int32Array => {
    const drawn = Int32Array.from(
      strata.flatMap((stratum, index) =>
        Array.from(random.sample(stratum.length, given[index] ?? 0), (position) => stratum[position] ?? 0)
      )
    )
    random.shuffle(drawn)
    return drawn
  }
