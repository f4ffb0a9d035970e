/** The page: whole, safe and readable by machines that read aloud; the Markdown and the JSON beside it. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { assemble } from "../../src/report/assemble.ts"
import { reportFiles } from "../../src/report/files.ts"
import { escape, html, language } from "../../src/report/html.ts"
import { markdown, plain } from "../../src/report/markdown.ts"
import { page } from "../../src/report/page.ts"
import { subject } from "./sample.ts"

const text = page(assemble(subject))
const all = (pattern: RegExp, from = text) => [...from.matchAll(pattern)].map((match) => match[1] ?? match[0])
const voids = new Set(["meta", "br", "path", "circle"])

/** The tags that are open at the end, after checking that each closing tag closes the one opened last. */
const openAtEnd = (markup: string): ReadonlyArray<string> => {
  const open: Array<string> = []
  for (const [, closing, name = "", end] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (closing === "/") assert.strictEqual(open.pop(), name)
    else if (end !== "/" && !voids.has(name)) open.push(name)
  }
  return open
}

describe("the page", () => {
  it("is well formed", () => assert.deepStrictEqual(openAtEnd(text), []))

  it("needs nothing from outside and runs nothing", () => {
    assert.notMatch(text, /<script|<link|<img|src=|url\(|https?:|@import| on[a-z]+=/)
  })

  it("gives every table a caption and every heading cell a scope", () => {
    const tables = text.split("<table").slice(1)
    assert.isAbove(tables.length, 5)
    for (const table of tables) assert.match(table, /^[^>]*>\n?<caption>[^<]/)
    assert.deepStrictEqual(all(/<th(?![^>]*scope=)[\s>][^>]*>/g), [])
  })

  it("labels every drawing, and every label exists once", () => {
    const ids = all(/\sid="([^"]+)"/g)
    assert.strictEqual(new Set(ids).size, ids.length)
    const wanted = all(/aria-labelledby="([^"]+)"/g).flatMap((list) => list.split(" "))
    assert.deepStrictEqual(
      wanted.filter((id) => !ids.includes(id)),
      []
    )
    assert.deepStrictEqual(
      all(/href="#([^"]+)"/g).filter((id) => !ids.includes(id)),
      []
    )
    assert.strictEqual(all(/<svg/g).length, all(/<svg[^>]*role="img" aria-labelledby/g).length)
  })

  it("can be walked through by keyboard: whatever scrolls takes the focus", () => {
    const frames = all(/class="wide" role="region" aria-label="[^"]+" tabindex="0"/g)
    assert.strictEqual(all(/class="wide"/g).length, frames.length)
  })

  it("shows the best in bold, a miss as a miss, and the answers word for word", () => {
    assert.include(text, '<strong>29.90 <span class="error">± 0.42</span></strong>')
    assert.include(text, "✗ missed")
    assert.include(text, '<p lang="ja">東京から大阪の行き方を教えてください。\n東京から大阪の</p>')
    assert.include(text, "Elsewhere &lt;b&gt;&amp;")
  })

  it("leaves out what the results do not have", () => {
    const bare = page(
      assemble({ ...subject, trainings: [], tuned: [], published: null, expect: [], measurements: ["VQA"] })
    )
    assert.deepStrictEqual(all(/<h2 id="([^"]+)"/g, bare), ["scores", "further-scores", "details"])
  })

  it("draws a training of no step, of one, and of very many", () => {
    const step = { step: 1, loss: 2, learningRate: 1e-4, gradientNorm: 1, tokens: 10 }
    const draw = (count: number) => {
      const log = { steps: Array.from({ length: count }, (_, i) => ({ ...step, step: i + 1 })), validation: [] }
      return page(assemble({ ...subject, trainings: [{ name: "n", log }] }))
    }
    for (const drawn of [0, 1, 100_000].map(draw)) {
      assert.notMatch(drawn, /NaN|Infinity|undefined/)
      assert.isBelow(drawn.length, 200_000)
    }
  })
})

describe("escaping", () => {
  it.prop("text never becomes markup", { value: Schema.String }, ({ value }) => {
    const { markup } = html`<p title="${value}">${value}</p>`
    assert.match(markup, /^<p title="[^<>"]*">[^<>]*<\/p>$/)
  })

  it("replaces what HTML forbids", () => assert.strictEqual(escape("a\0b\ud800c\n"), "a\ufffdb\ufffdc\n"))

  it("names the language of Japanese text", () => {
    assert.strictEqual(language("これ")?.markup, ' lang="ja"')
    assert.isNull(language("this"))
  })

  it("keeps Markdown's signs from acting, and a cell on one line", () => {
    assert.strictEqual(plain("a|b\n*c* <i>&"), "a\\|b<br>\\*c\\* &lt;i&gt;&amp;")
  })
})

describe("the files", () => {
  it("are the same bytes each time", () =>
    assert.deepStrictEqual(reportFiles(subject), reportFiles(structuredClone(subject))))

  it("hold every step in the JSON", () => {
    const bytes = reportFiles(subject)["report.json"]
    const data: ReturnType<typeof assemble> = JSON.parse(new TextDecoder().decode(bytes))
    assert.deepStrictEqual(data.trainings, assemble(subject).trainings)
  })

  it("have tables in Markdown whose rows are as wide as their heads", () => {
    for (const table of markdown(assemble(subject))
      .trimEnd()
      .split("\n\n")
      .filter((block) => block.startsWith("|"))) {
      const widths = table.split("\n").map((row) => row.split(/(?<!\\)\|/).length)
      assert.strictEqual(new Set(widths).size, 1, table)
    }
  })
})
