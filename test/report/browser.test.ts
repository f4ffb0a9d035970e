/** The page in a real browser: what it shows, on a screen, on a phone, on paper, without a network and without a mouse. */
import * as Schema from "effect/Schema"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { pathToFileURL } from "node:url"
import type { Browser, Page } from "puppeteer-core"
import { afterAll, assert, beforeAll, describe, test } from "vitest"
import { reportFiles } from "../../src/report/files.ts"
import { withProvenance } from "../../src/report/provenance.ts"
import { subject } from "./sample.ts"

const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find((file) =>
  existsSync(file)
)
/** Where the check has installed a browser, the tests run and fail without it. */
const isRequired = process.env.TANREN_REQUIRE_WEBGPU === "1"

const made = withProvenance("report.html", reportFiles(subject)["report.html"] ?? new Uint8Array(), {
  program: "Tanren",
  sources: [{ name: "rows/*.json", digest: "0".repeat(64) }],
  steps: [
    { step: "load", stage: "load", runtime: null, started: "2026-01-02T03:04:00.000Z", seconds: 1, key: "1".repeat(64) }
  ]
})

describe.skipIf(chromium === undefined && !isRequired)("the page in Chromium", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "tanren-page-"))
  const file = path.join(folder, "report.html")
  let browser: Browser
  let page: Page
  const requests: Array<string> = []
  const complaints: Array<string> = []

  beforeAll(async () => {
    writeFileSync(file, made)
    const { launch } = await import("puppeteer-core")
    browser = await launch({ executablePath: chromium ?? "chromium", args: ["--no-sandbox", "--disable-gpu"] })
    page = await browser.newPage()
    page.on("request", (request) => requests.push(request.url()))
    page.on("console", (message) => complaints.push(message.text()))
    page.on("pageerror", (error) => complaints.push(String(error)))
    await page.setViewport({ width: 1200, height: 900 })
    await page.goto(pathToFileURL(file).href)
  })
  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What an expression gives in the page. */
  const ask = async <A>(schema: Schema.Codec<A, unknown>, expression: string): Promise<A> =>
    Schema.decodeUnknownSync(schema)(await page.evaluate(expression))

  /** Boxes of what a selector finds, in page coordinates. */
  const boxes = (selector: string) =>
    ask(
      Schema.Array(Schema.Struct({ y: Schema.Number, width: Schema.Number, height: Schema.Number })),
      `[...document.querySelectorAll(${JSON.stringify(selector)})].map((element) => {
        const { height, width, y } = element.getBoundingClientRect()
        return { y: y + scrollY, width, height }
      })`
    )

  test("asks for nothing but itself, and complains of nothing", () => {
    assert.deepStrictEqual(requests, [pathToFileURL(file).href])
    assert.deepStrictEqual(complaints, [])
  })

  test("shows every section, one below the other, each with something in it", async () => {
    const sections = await boxes("main > section")
    assert.isAtLeast(sections.length, 8)
    for (const [index, { height, width, y }] of sections.entries()) {
      assert.isAbove(width, 300)
      assert.isAbove(height, 40)
      const before = sections[index - 1]
      if (before !== undefined) assert.isAtLeast(y, before.y + before.height - 1)
    }
    const curves = await boxes("svg path")
    assert.isAbove(curves.filter(({ width }) => width > 100).length, 3)
    for (const part of await page.$$("main > section")) {
      const shot = await part.screenshot()
      assert.isAbove(shot.length, 1_000)
    }
  })

  test("fits a phone: nothing but the frames of tables is wider than the screen", async () => {
    await page.setViewport({ width: 390, height: 844 })
    const [width = Infinity, screen = 0] = await ask(
      Schema.Array(Schema.Number),
      "[document.documentElement.scrollWidth, innerWidth]"
    )
    assert.isAtMost(width, screen)
    await page.setViewport({ width: 1200, height: 900 })
  })

  test("leads by keyboard to every section, and into tables that scroll", async () => {
    const reached: Array<string> = []
    for (let press = 0; press < 40; press++) {
      await page.keyboard.press("Tab")
      const name = await ask(
        Schema.String,
        `(({ activeElement: active }) =>
          (active.getAttribute("href") ?? active.getAttribute("aria-label") ?? active.tagName) +
          " " + getComputedStyle(active).outlineStyle)(document)`
      )
      reached.push(name)
    }
    for (const goal of ["#scores", "#training", "#answers", "Scores"]) {
      const found = reached.find((name) => name.startsWith(`${goal} `))
      assert.isDefined(found, goal)
      assert.notMatch(found ?? "", / none$/)
    }
  })

  test("tells a screen reader its headings, tables and charts", async () => {
    const tree = JSON.stringify(await page.accessibility.snapshot({ interestingOnly: false }))
    for (const role of ["heading", "table", "columnheader", "rowheader", "image", "navigation", "main"]) {
      assert.include(tree, `"role":"${role}"`)
    }
  })

  test("prints: links and frames are no hindrance, and no table is cut", async () => {
    const pdf = await page.pdf({ format: "A4" })
    assert.strictEqual(new TextDecoder().decode(pdf.subarray(0, 5)), "%PDF-")
    await page.emulateMediaType("print")
    const overflows = await ask(
      Schema.NonEmptyArray(Schema.String),
      '[...document.querySelectorAll(".wide")].map((frame) => getComputedStyle(frame).overflowX)'
    )
    assert.isTrue(
      overflows.every((overflow) => overflow === "visible"),
      overflows.join()
    )
    await page.emulateMediaType("screen")
  })
})
