/** What results were made from, by what and when: the last section of a published report. */
import { number } from "./format.ts"
import { type Html, html } from "./html.ts"
import { plain } from "./markdown.ts"
import { cell, figure, figureHead, head, row, rowHead, table } from "./table.ts"

export interface Provenance {
  /** The program and the versions of what it runs on. */
  readonly program: string
  /** Data and models from outside, by what people call them, with the digest of their content. */
  readonly sources: ReadonlyArray<{ readonly name: string; readonly digest: string }>
  readonly steps: ReadonlyArray<{
    readonly step: string
    readonly stage: string
    /** Execution provider and version; null for a stage that needs none. */
    readonly runtime: string | null
    /** ISO 8601. */
    readonly started: string
    readonly seconds: number
    readonly key: string
  }>
}

const heading = "What it was made from"

/** As much of a digest as tells it apart. */
const short = (digest: string): string => digest.slice(0, 16)

const total = ({ steps }: Provenance): number => steps.reduce((all, { seconds }) => all + seconds, 0)

const seconds = (value: number): string => number(value, "quantity")

const summary = (provenance: Provenance): string =>
  `${provenance.program}. The stages took ${seconds(total(provenance))} s in all, whenever each of them ran.`

const section = (provenance: Provenance): Html =>
  html`<section aria-labelledby="provenance">
    <h2 id="provenance">${heading}</h2>
    <p>${summary(provenance)}</p>
    ${table({
      label: "Data and models",
      caption: "Data and models from outside, and the beginning of the digest of their content.",
      heads: ["Source", "Digest"].map(head),
      rows: provenance.sources.map(({ digest, name }) => row(rowHead(name), cell(short(digest))))
    })}
    ${table({
      label: "Stages",
      caption:
        "Every stage that the results depend on: what computed it, when, for how long, and the beginning of its key.",
      heads: [...["Step", "Stage", "Runtime", "Started"].map(head), figureHead("Seconds"), head("Key")],
      rows: provenance.steps.map(({ key, runtime, seconds: took, stage, started, step }) =>
        row(rowHead(step), cell(stage), cell(runtime ?? "–"), cell(started), figure(seconds(took)), cell(short(key)))
      )
    })}
  </section> `

const markdown = (provenance: Provenance): string => {
  const rows = provenance.steps.map(
    ({ key, runtime, seconds: took, stage, step }) =>
      `| ${plain(step)} | ${plain(stage)} | ${plain(runtime ?? "–")} | ${seconds(took)} | ${short(key)} |`
  )
  return [
    `\n## ${heading}\n\n${plain(summary(provenance))}\n`,
    "| Source | Digest |\n| :--- | :--- |",
    ...provenance.sources.map(({ digest, name }) => `| ${plain(name)} | ${short(digest)} |`),
    "\n| Step | Stage | Runtime | Seconds | Key |\n| :--- | :--- | :--- | ---: | :--- |",
    ...rows,
    ""
  ].join("\n")
}

const endOfPage = "</main>"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A report's file with the provenance at its end, where it is a page or Markdown; any other file as it is. */
export const withProvenance = (name: string, bytes: Uint8Array, provenance: Provenance): Uint8Array => {
  if (name.endsWith(".md")) return encoder.encode(decoder.decode(bytes) + markdown(provenance))
  if (!name.endsWith(".html")) return bytes
  const text = decoder.decode(bytes)
  const end = text.lastIndexOf(endOfPage)
  return end < 0 ? bytes : encoder.encode(text.slice(0, end) + section(provenance).markup + text.slice(end))
}
