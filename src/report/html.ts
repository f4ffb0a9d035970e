/** HTML that cannot be forgotten to be escaped: text becomes markup only through the template tag. */

/** Finished markup. */
export interface Html {
  readonly markup: string
}

type Part = string | number | Html | ReadonlyArray<Html> | null

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** Text as HTML text or as an attribute's value between quotes. Characters that HTML forbids become U+FFFD. */
export const escape = (text: string): string =>
  text
    .toWellFormed()
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, "\ufffd")
    .replace(/[&<>"']/g, (character) => entities[character] ?? character)

const rendered = (part: Part): string => {
  if (part === null) return ""
  if (typeof part === "string") return escape(part)
  if (typeof part === "number") return String(part)
  return "markup" in part ? part.markup : part.map(({ markup }) => markup).join("")
}

/** Markup with gaps: strings are escaped, markup and lists of it are taken as they are, null is nothing. */
export const html = (strings: TemplateStringsArray, ...parts: ReadonlyArray<Part>): Html => ({
  markup: strings.reduce((text, string, i) => text + rendered(parts[i - 1] ?? null) + string)
})

/** An attribute for text in Japanese, told by its kana: it decides the voice and the shapes of Han characters. */
export const language = (text: string): Html | null => (/[\u3040-\u30ff]/.test(text) ? html` lang="ja"` : null)
