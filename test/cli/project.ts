/** A project of a user: a folder with a pipeline, a stage and rows, on which the command line is run as a person would. */
import { execFile, spawn, type ChildProcess } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"

const checkout = fileURLToPath(new URL("../..", import.meta.url))
const launcher = path.join(checkout, "bin", "tanren.js")

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A line of `--json` output. */
export type Line = { readonly [key: string]: unknown }

export interface Project {
  readonly folder: string
  readonly write: (file: string, text: string) => void
  readonly read: (file: string) => string
  readonly remove: (file: string) => void
  /** Runs the command line in the project's folder. */
  readonly tanren: (...args: ReadonlyArray<string>) => Promise<Ended>
  /** The same with `--json`: its lines. */
  readonly lines: (...args: ReadonlyArray<string>) => Promise<ReadonlyArray<Line>>
  /** Starts the command line and leaves it running. */
  readonly start: (...args: ReadonlyArray<string>) => { readonly process: ChildProcess; readonly ended: Promise<Ended> }
}

const folders: Array<string> = []
const children: Array<ChildProcess> = []

afterAll(() => {
  for (const child of children) child.kill("SIGKILL")
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** Makes a project of the files; it goes when the tests of the file are done. */
export const makeProject = (files: { readonly [file: string]: string }): Project => {
  const folder = mkdtempSync(path.join(tmpdir(), "tanren-project-"))
  folders.push(folder)
  const at = (file: string) => path.join(folder, file)
  const write = (file: string, text: string) => {
    mkdirSync(path.dirname(at(file)), { recursive: true })
    writeFileSync(at(file), text)
  }
  for (const [file, text] of Object.entries({ "package.json": '{ "type": "module" }', ...files })) write(file, text)

  mkdirSync(at("node_modules"))
  symlinkSync(checkout, at("node_modules/tanren"), "dir")
  symlinkSync(path.join(checkout, "node_modules/effect"), at("node_modules/effect"), "dir")

  const start: Project["start"] = (...args) => {
    const child = spawn(process.execPath, [launcher, ...args], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] })
    children.push(child)
    const texts = { out: "", err: "" }
    child.stdout.on("data", (data) => (texts.out += data))
    child.stderr.on("data", (data) => (texts.err += data))
    const ended = new Promise<Ended>((resolve) => child.on("close", (code) => resolve({ code: code ?? -1, ...texts })))
    return { process: child, ended }
  }
  const tanren: Project["tanren"] = (...args) =>
    new Promise((resolve) =>
      execFile(process.execPath, [launcher, ...args], { cwd: folder, maxBuffer: 1 << 26 }, (error, out, err) =>
        resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, out, err })
      )
    )
  const lines: Project["lines"] = async (...args) => {
    const { err, out } = await tanren(...args, "--json")
    if (out === "") throw new Error(`no output; standard error: ${err}`)
    return out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
  }
  return {
    folder,
    write,
    read: (file) => readFileSync(at(file), "utf8"),
    remove: (file) => rmSync(at(file)),
    tanren,
    lines,
    start
  }
}

/** Another project that begins where this one stands, with all that lies in its folder. */
export const copyOf = ({ folder }: Project): Project => {
  const copy = makeProject({})
  const modules = path.join(folder, "node_modules")
  cpSync(folder, copy.folder, { recursive: true, filter: (file) => file !== modules })
  return copy
}

/** Waits for something outside the process; gives up after a minute. */
export const until = async (condition: () => boolean): Promise<void> => {
  for (let waited = 0; !condition(); waited++) {
    if (waited === 6_000) throw new Error("what was waited for did not come")
    await sleep(10)
  }
}

/** Rows of a small instruction corpus; every fifth is a translation. */
export const rowsOf = (count: number, change: (index: number) => object = () => ({})): string =>
  JSON.stringify(
    Array.from({ length: count }, (_, index) => ({
      index: String(index),
      instruction: index % 5 === 0 ? "次の日本語を英語に翻訳してください。" : `問い${index}に答えてください。`,
      input: index % 2 === 0 ? "" : `入力${index}`,
      output: `答え${index}`,
      ...change(index)
    }))
  )

/** A pipeline without a model: load, filter, a stage of the user's own, split, format. */
export const dataProject = (): { readonly [file: string]: string } => ({
  "rows/a.json": rowsOf(20),
  "constants.ts": `export const longest = 100\nexport const unrelated = 1\n`,
  "limits.ts": `export { longest } from "./constants.ts"\n`,
  "shorten.ts": `
import { longest } from "./limits.ts"
const cut = (text: string): string => text.slice(0, longest)
export const shortenRow = (row: { readonly [column: string]: unknown }, column: string) => ({
  ...row,
  [column]: cut(String(row[column]))
})
`,
  "shortenStage.ts": `
import { anyTable, apply, stage, type Table } from "tanren"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { shortenRow } from "./shorten.ts"

const shortenStage = stage({
  name: "shorten",
  module: import.meta.url,
  computes: false,
  config: Schema.Struct({ column: Schema.String }),
  inputs: { rows: anyTable },
  outputs: { rows: anyTable },
  run: ({ rows }, { column }) =>
    Effect.succeed({ rows: Stream.map(rows.batches, (batch) => batch.map((row) => shortenRow(row, column))) })
})

export const shorten = (config: { readonly column: string }) => <Row>(rows: Table<Row>): Table<Row> =>
  apply(shortenStage, { config, inputs: { rows }, schemas: { rows: rows.schema } }).rows
`,
  "pipeline.ts": `
import { calmPrompt, experiment, filter, format, holdOut, InstructionRow, load, pipe } from "tanren"
import { shorten } from "./shortenStage.ts"

const rows = pipe(
  load.files({ files: "rows/*.json", row: InstructionRow }),
  filter({ name: "no translation", keep: (row) => !row.instruction.includes("翻訳") }),
  shorten({ column: "output" }),
)
const parts = pipe(rows, holdOut({ rows: 3, seed: 42 }), format({ template: calmPrompt }))

export default experiment("data", { results: {}, outputs: { training: parts.training, validation: parts.validation } })
`
})
