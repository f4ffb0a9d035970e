/**
 * Real rows in the paper's layout, from a Hub on this machine, all of them: read, prompted, tokenized, and JNLI asked in whole. The rows
 * lie beside a checkout on some machines alone.
 */
import { cpSync, existsSync, readdirSync, readFileSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, test } from "vitest"
import { makeProject } from "../cli/project.ts"
import { type RepositoryFiles, startHub } from "../source/hubServer.ts"

const data = fileURLToPath(new URL("../../../shared/data", import.meta.url))
const base = fileURLToPath(new URL("../../pipelines/paper-small/llama-7b", import.meta.url))

/** Every file of a folder by its path in it. */
const filesIn = (folder: string): RepositoryFiles =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => {
        const file = path.join(entry.parentPath, entry.name)
        return [path.relative(folder, file), { large: readFileSync(file) }]
      })
  )

const pipeline = `
import { alpacaPrompt, compare, evalChoices, experiment, format, InstructionRow, jnli, load, model, pipe, tokenize } from "tanren"
import * as Schema from "effect/Schema"
const base = model.folder("base")
const Pair = Schema.Struct({
  sentence1: Schema.String,
  sentence2: Schema.String,
  label: Schema.Literals(["entailment", "contradiction", "neutral"])
})
const jglue = (file: string) => load.hub("yahoojapan/JGLUE", { revision: "main", files: file, row: Pair })
const rows = load.hub("izumi-lab/llm-japanese-dataset", { revision: "main", files: "**/data/*.json", row: InstructionRow })
const tokens = pipe(rows, format({ template: alpacaPrompt }), tokenize({ model: base, maxLength: 256, tooLong: "cut" }))
const task = jnli("0.3", { documents: jglue("jnli-valid-v1.1.json"), examples: jglue("jnli-test-v1.3.json") })
export default experiment("real", { results: compare({ base }, { JNLI: evalChoices({ task, shots: 1 }) }), outputs: { tokens } })
`

const absent = existsSync(data) ? "" : " (skipped: the rows are not beside this checkout)"

describe.skipIf(absent !== "")(`real rows${absent}`, async () => {
  const hub = await startHub()
  afterAll(() => hub.close())

  test("13,761 rows and 2,434 questions come through, and nothing runs twice", async () => {
    hub.commit("datasets/izumi-lab/llm-japanese-dataset", filesIn(path.join(data, "llm-japanese-dataset")))
    hub.commit("datasets/yahoojapan/JGLUE", filesIn(path.join(data, "jglue")))
    const project = makeProject({ "pipeline.ts": pipeline })
    process.env.HF_ENDPOINT = hub.endpoint
    process.env.HF_HUB_CACHE = path.join(project.folder, "hub")
    cpSync(base, path.join(project.folder, "base"), { recursive: true })

    const { code, err, out } = await project.tanren("run", "pipeline.ts")
    assert.strictEqual(code, 0, err + out)
    const tokens = await project.tanren("show", "pipeline.ts", "tokenize")
    assert.include(tokens.out, "a table of 13761 rows")
    const result = await project.lines("show", "pipeline.ts", "JNLI of base")
    assert.include(JSON.stringify(result), '"questions":2434')
    const again = await project.lines("run", "pipeline.ts")
    assert.isFalse(again.some(({ event }) => event === "started"))
  })
})
