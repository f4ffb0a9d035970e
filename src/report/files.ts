/** A report's files: the page for people, the Markdown for reviews, LaTeX for papers, the rest for programs. */
import type { FilesContent } from "../pipeline/Reader.ts"
import { assemble, type Subject } from "./assemble.ts"
import { csv } from "./csv.ts"
import { jsonText, toJson } from "./json.ts"
import { latex } from "./latex.ts"
import { markdown } from "./markdown.ts"
import { page } from "./page.ts"

const encoder = new TextEncoder()

/** What was found as page, Markdown, LaTeX, comma-separated values and JSON. */
export const reportFiles = (subject: Subject): FilesContent => {
  const data = assemble(subject)
  return {
    "report.html": encoder.encode(page(data)),
    "report.md": encoder.encode(markdown(data)),
    "report.tex": encoder.encode(latex(data)),
    "report.csv": encoder.encode(csv(data)),
    "report.json": encoder.encode(jsonText(toJson(data)))
  }
}
