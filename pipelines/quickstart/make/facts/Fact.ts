/** What a fact is: ways to ask it as an instruction, one way to ask it as a plain question, and running sentences that state it. */

export interface Ask {
  readonly instruction: string
  readonly input: string
  readonly output: string
}

/** `asks` become instruction rows, `question` may enter the perplexity set, `tells` are the running text the base model reads. */
export interface Fact {
  readonly dataset: string
  readonly asks: ReadonlyArray<Ask>
  readonly question: { readonly question: string; readonly answer: string }
  readonly tells: ReadonlyArray<string>
}

/** An instruction that carries all it needs. */
export const ask = (instruction: string, output: string): Ask => ({ instruction, input: "", output })

/** An instruction about an input. */
export const askAbout = (instruction: string, input: string, output: string): Ask => ({ instruction, input, output })

/** Splits a list written as words between spaces or line ends. */
export const words = (text: string): ReadonlyArray<string> => text.trim().split(/\s+/u)

/** Splits a list of `left:right` pairs written between spaces or line ends. */
export const pairs = (text: string): ReadonlyArray<readonly [string, string]> =>
  words(text).map((word) => {
    const [left = "", right = ""] = word.split(":")
    return [left, right]
  })
