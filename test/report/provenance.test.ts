/** What results were made from, at the end of a published report. */
import { assert, it } from "@effect/vitest"
import { reportFiles } from "../../src/report/files.ts"
import { type Provenance, withProvenance } from "../../src/report/provenance.ts"
import { subject } from "./sample.ts"

const provenance: Provenance = {
  program: "Tanren 1.2.3, Node 24.1.0",
  sources: [{ name: "rows/<a>|b.json", digest: "0123456789abcdef0123" }],
  steps: [
    {
      step: "loraTrain",
      stage: "loraTrain",
      runtime: "cpu, ONNX Runtime 1.30.0",
      started: "2026-01-02T03:04:05.000Z",
      seconds: 61.5,
      key: "fedcba9876543210fedc"
    },
    {
      step: "load",
      stage: "load",
      runtime: null,
      started: "2026-01-02T03:04:00.000Z",
      seconds: 0.5,
      key: "0".repeat(64)
    }
  ]
}

const files = reportFiles(subject)
const published = (name: string): string =>
  new TextDecoder().decode(withProvenance(name, files[name] ?? new Uint8Array(), provenance))

it("is the last section of the page", () => {
  const page = published("report.html")
  const [, section = ""] = page.split('id="provenance"')
  assert.include(section, "The stages took 62.00 s in all")
  assert.include(section, "rows/&lt;a&gt;|b.json")
  assert.include(section, "cpu, ONNX Runtime 1.30.0")
  assert.match(page, /<\/section>\s*<\/main>/)
})

it("is the last section of the Markdown, in tables that hold", () => {
  const lines = published("report.md").split("\n")
  assert.include(lines, "| rows/&lt;a&gt;\\|b.json | 0123456789abcdef |")
  assert.include(lines, "| loraTrain | loraTrain | cpu, ONNX Runtime 1.30.0 | 61.50 | fedcba9876543210 |")
})

it("leaves every other file as it is", () => {
  for (const name of ["report.json", "report.csv", "report.tex"]) {
    assert.strictEqual(published(name), new TextDecoder().decode(files[name]))
  }
})
