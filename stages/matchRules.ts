/** Reading a choice out of what a model wrote: rules as values, tried in order. */
import * as Schema from "effect/Schema"

/**
 * `exact`: the answer is a choice and nothing else. `startsWith`: it begins with one, the longest that fits.
 * `contains`: it mentions one choice and no other. `firstMention`: the choice that it mentions first, the longest of
 * those that begin there. White space around answers is of no account.
 */
export const MatchRule = Schema.Literals(["exact", "startsWith", "contains", "firstMention"])
export type MatchRule = typeof MatchRule.Type

/** What counts as the same text: every character as written, or whatever its width and case (NFKC, lower case). */
export const Comparison = Schema.Literals(["as written", "any width and case"])
export type Comparison = typeof Comparison.Type

/** The position of the choice found, or null. */
type Matcher = (answer: string, choices: ReadonlyArray<string>) => number | null

const comparable: { readonly [C in Comparison]: (text: string) => string } = {
  "as written": (text) => text.trim(),
  "any width and case": (text) => text.normalize("NFKC").toLowerCase().trim()
}

/** Of the choices that are at their best place, the longest; the first of several. */
const longest = (choices: ReadonlyArray<string>, fits: (choice: string) => boolean): number | null =>
  choices.reduce<number | null>(
    (best, choice, index) =>
      fits(choice) && (best === null || choice.length > (choices[best] ?? "").length) ? index : best,
    null
  )

/** Whether an answer mentions a choice otherwise than inside a mention of a longer choice. */
const mentions = (answer: string, choices: ReadonlyArray<string>, choice: string): boolean =>
  choices
    .filter((other) => other !== choice && other.includes(choice))
    .reduce((text, longer) => text.replaceAll(longer, "\n"), answer)
    .includes(choice)

const matchers: { readonly [R in MatchRule]: Matcher } = {
  exact: (answer, choices) => longest(choices, (choice) => answer === choice),
  startsWith: (answer, choices) => longest(choices, (choice) => answer.startsWith(choice)),
  contains: (answer, choices) => {
    const found = choices.flatMap((choice, index) => (mentions(answer, choices, choice) ? [index] : []))
    return found.length === 1 ? (found[0] ?? null) : null
  },
  firstMention: (answer, choices) => {
    const places = choices.map((choice) => answer.indexOf(choice)).filter((place) => place >= 0)
    const first = Math.min(...places)
    return longest(choices, (choice) => answer.indexOf(choice) === first)
  }
}

/**
 * The position of the choice that the first rule to find one finds; null where none does: the answer is unparseable.
 * A choice that is empty, or white space alone, is never found.
 */
export const matchChoice = (
  answer: string,
  choices: ReadonlyArray<string>,
  { comparison, rules }: { readonly comparison: Comparison; readonly rules: ReadonlyArray<MatchRule> }
): number | null => {
  const written = comparable[comparison](answer)
  const sought = choices
    .map((text, index) => ({ text: comparable[comparison](text), index }))
    .filter(({ text }) => text !== "")
  const texts = sought.map(({ text }) => text)
  for (const rule of rules) {
    const found = matchers[rule](written, texts)
    if (found !== null) return sought[found]?.index ?? null
  }
  return null
}
