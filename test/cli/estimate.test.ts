/** `tanren plan --estimate`: counts against what a run then makes, and a store that stays as it is. */
import { readdirSync } from "node:fs"
import * as path from "node:path"
import { assert, test } from "vitest"
import { dataProject, type Line, makeProject, type Project, rowsOf } from "./project.ts"

const rowsIn = (lines: ReadonlyArray<Line>): ReadonlyMap<unknown, Record<string, { rows: number; exact: boolean }>> =>
  new Map(lines.flatMap(({ node, rows }) => (node === undefined ? [] : [[node, Object(rows)]])))

const stored = (project: Project): ReadonlyArray<string> =>
  ["objects", "actions"].flatMap((folder) => readdirSync(path.join(project.folder, "cache", folder)))

test("where all rows are sampled, counts are those of the run", async () => {
  const project = makeProject(dataProject())
  const lines = await project.lines("plan", "pipeline.ts", "--estimate")
  assert.isEmpty(stored(project))
  const counts = rowsIn(lines)
  assert.deepStrictEqual(counts.get("load: rows/*.json")?.["rows"], { rows: 20, exact: true })
  assert.deepStrictEqual(counts.get("filter: no translation")?.["rows"], { rows: 16, exact: true })
  assert.deepStrictEqual(counts.get("holdOut")?.["training"], { rows: 13, exact: true })
  assert.deepStrictEqual(counts.get("holdOut")?.["validation"], { rows: 3, exact: true })
  assert.deepStrictEqual(counts.get("format (training)")?.["rows"], { rows: 13, exact: true })

  const plain = await project.tanren("plan", "pipeline.ts")
  assert.notInclude(plain.out, "on disk")
  assert.include(plain.out, "to run")
  await project.tanren("run", "pipeline.ts")
  const nothing = await project.lines("plan", "pipeline.ts", "--estimate")
  assert.isEmpty([...rowsIn(nothing)])
})

test("of long files the beginning is read, and the rest taken to be like it", async () => {
  const project = makeProject({ ...dataProject(), "rows/a.json": rowsOf(60_000) })
  const counts = rowsIn(await project.lines("plan", "pipeline.ts", "--estimate"))
  const loaded = counts.get("load: rows/*.json")?.["rows"]
  assert.isFalse(loaded?.exact)
  assert.approximately(loaded?.rows ?? 0, 60_000, 3_000)
  const filtered = counts.get("filter: no translation")?.["rows"]
  assert.approximately((filtered?.rows ?? 0) / (loaded?.rows ?? 1), 0.8, 0.001)
  const held = counts.get("holdOut")
  assert.strictEqual(held?.["validation"]?.rows, 3)
  assert.strictEqual(held?.["training"]?.rows, (filtered?.rows ?? 0) - 3)
})

test("what was made already is read from the store", async () => {
  const project = makeProject(dataProject())
  await project.tanren("run", "pipeline.ts")
  project.write("pipeline.ts", project.read("pipeline.ts").replace("rows: 3", "rows: 5"))
  const counts = rowsIn(await project.lines("plan", "pipeline.ts", "--estimate"))
  assert.isFalse(counts.has("load: rows/*.json"))
  assert.deepStrictEqual(counts.get("holdOut")?.["training"], { rows: 11, exact: true })
})

test("a stage that fails on a sample leaves itself and what follows unknown, and says why", async () => {
  const project = makeProject(dataProject())
  project.write("pipeline.ts", project.read("pipeline.ts").replace("rows: 3", "rows: 300"))
  const lines = await project.lines("plan", "pipeline.ts", "--estimate")
  const unknown = new Map(lines.map((line) => [line["node"], line["unknown"]]))
  assert.isNull(unknown.get("filter: no translation"))
  assert.include(String(unknown.get("holdOut")), "300")
  assert.include(String(unknown.get("format (training)")), "300")
})

test("a training is watched for a moment, and the model that it will make is known to what measures it", async () => {
  const base = path.join(import.meta.dirname, "../../pipelines/quickstart/base")
  const project = makeProject({
    "rows/a.json": rowsOf(48),
    "questions.json": JSON.stringify([{ question: "問い", answer: "答え" }]),
    "pipeline.ts": `
import {
  calmPrompt, calmQuestionPrompt, evalPerplexity, experiment, format, InstructionRow, load, loraTrain, model, pipe,
  QuestionRow, tokenize
} from "tanren"

const base = model.folder(${JSON.stringify(base)})
const tuned = pipe(
  load.files({ files: "rows/*.json", row: InstructionRow }),
  format({ template: calmPrompt }),
  tokenize({ model: base, maxLength: 128 }),
  loraTrain({
    base, rank: 4, alpha: 8, targets: ["query_key_value"], epochs: 3, batchSize: 8, learningRate: 1e-3, seed: 1
  })
)
const perplexity = pipe(
  load.files({ files: "questions.json", row: QuestionRow }),
  evalPerplexity({ template: calmQuestionPrompt })
)

export default experiment("tuned", { results: { tuned: { perplexity: perplexity(tuned) } } })
`
  })
  const lines = await project.lines("plan", "pipeline.ts", "--estimate")
  assert.isEmpty(stored(project))
  const of = (node: string): Line => lines.find((line) => line["node"] === node) ?? {}
  const training = of("loraTrain")
  assert.isAbove(Number(training["flop"]), 1e9)
  assert.isAbove(Number(training["seconds"]), 0)
  assert.isAbove(Object(training["memory"]).host, 3e8)
  assert.isBelow(Object(training["memory"]).host, 2e9)
  assert.isNull(training["excess"])
  const perplexity = of("evalPerplexity")
  assert.isNull(perplexity["unknown"])
  assert.isAbove(Number(perplexity["flop"]), 1e6)
})
