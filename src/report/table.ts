/** The markup of tables: a caption, heads with their scope, and a frame that scrolls where the page is too narrow. */
import { type Html, html, language } from "./html.ts"

/** The head of a column of text. */
export const head = (name: string): Html => html`<th scope="col" ${language(name)}>${name}</th>`

/** The head of a column of figures, which stand to the right. */
export const figureHead = (name: string): Html => html`<th scope="col" class="figure">${name}</th>`

/** The head of a row. */
export const rowHead = (name: string): Html => html`<th scope="row" ${language(name)}>${name}</th>`

/** A cell of text. */
export const cell = (content: string): Html => html`<td${language(content)}>${content}</td>`

/** A cell with a figure. */
export const figure = (content: string | Html): Html => html`<td class="figure">${content}</td>`

/** One row. */
export const row = (...cells: ReadonlyArray<Html>): Html =>
  html`<tr>
    ${cells}
  </tr> `

export interface Table {
  /** What a screen reader calls the frame. */
  readonly label: string
  readonly caption: string
  readonly heads: ReadonlyArray<Html>
  readonly rows: ReadonlyArray<Html>
  /** Further attributes of the table. */
  readonly attributes?: Html
}

/** The frame takes the focus, so that the arrow keys can scroll it. */
export const table = ({ attributes, caption, heads, label, rows }: Table): Html =>
  html`<div class="wide" role="region" aria-label="${label}" tabindex="0"><table${attributes ?? null}>
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows}</tbody></table></div>`
