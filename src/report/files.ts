/** A report's files: the page for people, the Markdown for diffs and reviews, the JSON for programs. */
import type { FilesContent } from "../pipeline/Reader.ts"
import { assemble, type Subject } from "./assemble.ts"
import { jsonText, toJson } from "./json.ts"
import { markdown } from "./markdown.ts"
import { page } from "./page.ts"

const encoder = new TextEncoder()

/** report.html, report.md and report.json of what was found. */
export const reportFiles = (subject: Subject): FilesContent => {
  const data = assemble(subject)
  return {
    "report.html": encoder.encode(page(data)),
    "report.md": encoder.encode(markdown(data)),
    "report.json": encoder.encode(jsonText(toJson(data)))
  }
}
