/** Whole runs against a Hub on this machine: pinned once, fetched when read, the same everywhere afterwards. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs"
import * as path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeEach, describe, test } from "vitest"
import { type HubServer, type RepositoryFiles, startHub } from "../source/hubServer.ts"
import { zipOf } from "../source/zipFile.ts"
import { type Line, makeProject, type Project, rowsOf, until } from "./project.ts"

const token = "hf_neverToBeSeen"
const hub: HubServer = await startHub()
hub.demand(token)
/** A server of files for everybody. */
const open: HubServer = await startHub()
process.env.HF_ENDPOINT = hub.endpoint
process.env.HF_TOKEN = token
afterAll(() => Promise.all([hub.close(), open.close()]))

const rows: RepositoryFiles = {
  "alpaca/data/000000.json": { large: Buffer.from(rowsOf(20)) },
  "wikipedia/data/000000.json": rowsOf(10),
  "README.md": "# Rows"
}

const pipeline = (revision: string) => `
import { experiment, filter, InstructionRow, load, pipe } from "tanren"
const rows = load.hub("owner/rows", { revision: "${revision}", files: "**/data/*.json", row: InstructionRow })
const kept = pipe(rows, filter({ name: "few", keep: (row) => row.input === "" }))
export default experiment("hub", { results: {}, outputs: { kept } })
`

const makeHubProject = (revision = "main"): Project => {
  const project = makeProject({ "pipeline.ts": pipeline(revision) })
  process.env.HF_HUB_CACHE = path.join(project.folder, "hub")
  return project
}

const nodesAtEnd = (lines: ReadonlyArray<Line>) => lines.find(({ event }) => event === "done")?.nodes
const ran = { "load: owner/rows: **/data/*.json": "ran", "filter: few": "ran" }
const cached = { "load: owner/rows: **/data/*.json": "cached", "filter: few": "cached" }

/** Every text that a project holds, and the shared cache in it. */
const textsIn = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), "utf8"))

let first = ""
beforeEach(() => {
  delete process.env.HF_HUB_OFFLINE
  first = hub.commit("datasets/owner/rows", rows)
  hub.asked.length = 0
})

describe("a data set of the Hub", () => {
  test("is pinned and fetched by the first run, and asked for by none after it", async () => {
    const project = makeHubProject()
    assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), ran)
    assert.include(project.read("pipeline.lock.json"), first)
    hub.commit("datasets/owner/rows", { "alpaca/data/000000.json": rowsOf(3) })
    hub.asked.length = 0
    assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), cached)
    assert.deepStrictEqual(hub.asked, [])
    for (const text of textsIn(project.folder)) assert.notInclude(text, token)
  })

  test("is not fetched for an estimate, which says what it waits for", async () => {
    const project = makeHubProject()
    await project.tanren("lock", "pipeline.ts")
    hub.asked.length = 0
    const [load, filter] = await project.lines("plan", "pipeline.ts", "--estimate")
    for (const step of [load, filter]) assert.include(String(step?.["unknown"]), "is fetched")
    assert.isEmpty(hub.asked)
  })

  test("is planned without its bytes, from the lock file alone and offline", async () => {
    const project = makeHubProject()
    await project.tanren("lock", "pipeline.ts")
    process.env.HF_HUB_OFFLINE = "1"
    hub.asked.length = 0
    const planned = await project.lines("plan", "pipeline.ts")
    assert.deepStrictEqual(
      planned.map(({ node, status }) => [node, status]),
      [
        ["load: owner/rows: **/data/*.json", "run"],
        ["filter: few", "blocked"]
      ]
    )
    assert.deepStrictEqual(hub.asked, [])
    assert.isFalse(existsSync(path.join(project.folder, "hub")))
    const { code, err } = await project.tanren("run", "pipeline.ts")
    assert.strictEqual(code, 1)
    assert.include(err, "HF_HUB_OFFLINE forbids to fetch it")
  })

  test("of which the bytes are gone is still a hit, and is fetched again when a stage must read it", async () => {
    const project = makeHubProject()
    await project.tanren("run", "pipeline.ts")
    rmSync(path.join(project.folder, "hub"), { recursive: true })
    assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), cached)
    assert.isFalse(existsSync(path.join(project.folder, "hub")))
    rmSync(path.join(project.folder, "cache"), { recursive: true })
    assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), ran)
  })

  test("moves when it is asked to, and why says so", async () => {
    const project = makeHubProject()
    await project.tanren("run", "pipeline.ts")
    const second = hub.commit("datasets/owner/rows", { ...rows, "wikipedia/data/000000.json": rowsOf(11) })
    const { out } = await project.tanren("lock", "pipeline.ts", "--update")
    assert.include(out, `dataset owner/rows at main: ${first.slice(0, 12)} → ${second.slice(0, 12)}: 1 files changed`)
    const [load] = await project.lines("why", "pipeline.ts")
    assert.include(String(load?.reason), "input files has other content")
    assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), ran)
  })

  test("that somebody wrote to in the shared cache is fetched anew, not believed", async () => {
    const project = makeHubProject()
    await project.tanren("run", "pipeline.ts")
    const blobs = path.join(project.folder, "hub", "datasets--owner--rows", "blobs")
    const intact = readdirSync(blobs).map((name) => [name, readFileSync(path.join(blobs, name), "utf8")] as const)
    for (const [name, text] of intact)
      project.write(path.join("hub/datasets--owner--rows/blobs", name), text.replace("問い1", "問い2"))
    rmSync(path.join(project.folder, "cache"), { recursive: true })
    assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), ran)
    for (const [name, text] of intact) assert.strictEqual(readFileSync(path.join(blobs, name), "utf8"), text)
  })

  test("is fetched once by two runs at once", async () => {
    const project = makeHubProject()
    hub.misbehave("alpaca/data/000000.json", { kind: "slow", wait: 500 })
    const both = await Promise.all(["one", "two"].map((store) => project.lines("run", "pipeline.ts", "--store", store)))
    for (const lines of both) assert.deepStrictEqual(nodesAtEnd(lines), ran)
    assert.lengthOf(
      hub.asked.filter(({ host }) => host === "store"),
      1
    )
  })

  test("that does not exist fails its step in one paragraph, without the token", async () => {
    const project = makeHubProject("v9")
    const { code, err } = await project.tanren("run", "pipeline.ts")
    assert.strictEqual(code, 1)
    assert.match(err, /^✗ [^\n]*dataset owner\/rows at v9 \(status 404[^\n]*\n$/)
    assert.notInclude(err, token)
  })
})

test("a download that is interrupted goes on in the next run", async () => {
  const project = makeHubProject()
  await project.tanren("lock", "pipeline.ts")
  hub.misbehave("alpaca/data/000000.json", { kind: "stall", after: 1_000 })
  const { ended, process: child } = project.start("run", "pipeline.ts")
  const shared = path.join(project.folder, "hub")
  const inCache = () => (existsSync(shared) ? readdirSync(shared, { recursive: true }).map(String) : [])
  await until(() => inCache().some((name) => name.endsWith(".incomplete")))
  await until(() => hub.asked.some(({ host }) => host === "store"))
  await sleep(200)
  child.kill("SIGINT")
  assert.strictEqual((await ended).code, 130)
  assert.deepStrictEqual(
    inCache().filter((name) => name.includes(".locks/tanren/")),
    []
  )
  assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), ran)
  assert.deepStrictEqual(
    hub.asked.filter(({ host }) => host === "store").map(({ range }) => range),
    [null, "bytes=1000-"]
  )
})

test("a zip archive behind a URL and Parquet on the Hub give rows, each pinned", async () => {
  const images = JSON.stringify([
    { id: 1, qas: [{ qa_id: 1, question: "何色?", answer: "赤" }] },
    { id: 2, qas: [] }
  ])
  const columns = readFileSync(path.join(import.meta.dirname, "../source/golden/columns/zstd.parquet"))
  open.commit("datasets/owner/files", { "qa.zip": zipOf([{ name: "question_answers.json", content: images }]) })
  hub.commit("datasets/owner/columns", { "data/train-00000-of-00001.parquet": { large: columns } })
  const project = makeProject({
    "pipeline.ts": `
import { experiment, load, QuestionRow } from "tanren"
import * as Schema from "effect/Schema"
const questions = load.zip("${open.endpoint}/datasets/owner/files/resolve/main/qa.zip", {
  files: "question_answers.json", rows: "qas", row: QuestionRow
})
const columns = load.hub("owner/columns", {
  revision: "main", files: "data/*.parquet", row: Schema.Struct({ text: Schema.String, count: Schema.Int })
})
export default experiment("kinds", { results: {}, outputs: { questions, columns } })
`
  })
  process.env.HF_HUB_CACHE = path.join(project.folder, "hub")
  const columnar = "load: owner/columns: data/*.parquet"
  assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), {
    "load: qa.zip": "ran",
    [columnar]: "ran"
  })
  const shown = await project.lines("show", "pipeline.ts")
  const rowsShown = shown.flatMap(({ row }) => (row === undefined ? [] : [row]))
  assert.deepStrictEqual(rowsShown[0], { question: "何色?", answer: "赤" })
  assert.deepStrictEqual(rowsShown[2], { text: "", count: 1_000_003 })
  for (const { authorization } of open.asked) assert.isNull(authorization)
})

test("a model of the Hub, and an adapter on it, are read as those in folders are", async () => {
  const base = fileURLToPath(new URL("../../pipelines/quickstart/base", import.meta.url))
  const files: Record<string, RepositoryFiles[string]> = { "pytorch_model.bin": "not read", "README.md": "" }
  for (const name of readdirSync(base)) {
    const content = readFileSync(path.join(base, name))
    files[name] = name.endsWith(".safetensors") ? { large: content } : content
  }
  hub.commit("models/owner/tiny", files)
  const { adapterFiles } = await import("../../src/model/adapter.ts")
  const lora = { rank: 1, alpha: 1, dropout: 0, targets: ["query_key_value"], rankStabilized: false }
  const adapter = Object.fromEntries(
    Object.entries(adapterFiles(lora, new Map(), "owner/tiny")).map(([name, bytes]) => [name, Buffer.from(bytes)])
  )
  hub.commit("models/owner/tiny-lora", { ...adapter, "optimizer.pt": "not read" })
  const project = makeProject({
    "pipeline.ts": `
import { experiment, model, tokenizerOf } from "tanren"
const base = model.hub("owner/tiny", { revision: "main" })
const tuned = model.adapted(base, { id: "owner/tiny-lora", revision: "main" })
export default experiment("models", { results: {}, outputs: { tuned } })
`
  })
  process.env.HF_HUB_CACHE = path.join(project.folder, "hub")
  mkdirSync(path.join(project.folder, "hub"))
  assert.deepStrictEqual(nodesAtEnd(await project.lines("run", "pipeline.ts")), { "adapt: owner/tiny-lora": "ran" })
  const shown = await project.lines("show", "pipeline.ts", "adapt: owner/tiny-lora")
  const paths = shown.flatMap((line) => (typeof line.path === "string" ? [line.path] : []))
  assert.deepStrictEqual(paths, [
    "config.json",
    "model.safetensors",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "adapter_config.json",
    "adapter_model.safetensors"
  ])
})
