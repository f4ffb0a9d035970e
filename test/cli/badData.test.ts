/** Data that is not as a pipeline takes it to be: found, named by place, and nothing half-made is kept. */
import { cpSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { assert, test } from "vitest"
import { makeProject, rowsOf } from "./project.ts"
import { stored } from "./stored.ts"
import { pipelineOf } from "./userStages.ts"

const base = fileURLToPath(new URL("../../pipelines/quickstart/base", import.meta.url))

/** A pipeline that makes one more thing of the rows. */
const making = (expression: string) => pipelineOf("", `{ results: {}, outputs: { made: ${expression} } }`)

const loading = making("rows")

/** Runs a pipeline that must fail at one step, after those that are named; what it says. */
const failureOf = async (
  files: { readonly [file: string]: string },
  finished: ReadonlyArray<string> = [],
  prepare: (folder: string) => void = () => {}
): Promise<string> => {
  const project = makeProject({ "pipeline.ts": loading, ...files })
  prepare(project.folder)
  const { code, err } = await project.tanren("run", "pipeline.ts")
  assert.strictEqual(code, 1, err)
  assert.match(err, /^✗ [^\n]+\n$/, "one paragraph")
  const { leases, steps, temporary } = stored(project)
  assert.deepStrictEqual({ leases, steps, temporary }, { leases: [], steps: finished, temporary: [] })
  return err
}

const load = "load: rows/*.json"
const goodFile = { "rows/a.json": rowsOf(20) }

test.concurrent("JSON that breaks off is named by file and row", async () => {
  const told = await failureOf({ "rows/a.json": rowsOf(3), "rows/b.json": rowsOf(3).slice(0, -30) })
  assert.match(told, /rows\/b\.json.*row 2/)
})

test.concurrent("JSON with a stray comma is named by file, row and what is wrong with it", async () => {
  const told = await failureOf({ "rows/a.json": rowsOf(3).replace('"output"', ',"output"') })
  assert.match(told, /rows\/a\.json.*row 0/)
})

test.concurrent("a row without a column is named by file, row and column", async () => {
  const told = await failureOf({ "rows/a.json": rowsOf(3, (index) => (index === 1 ? { output: undefined } : {})) })
  assert.match(told, /Row 1 of rows\/a\.json \(line 1\).*"output"/)
})

test.concurrent("a column of another type is named, and so is every other problem of the row", async () => {
  const told = await failureOf({ "rows/a.json": rowsOf(3, (index) => (index === 2 ? { output: 7, input: null } : {})) })
  assert.match(told, /Row 2 of rows\/a\.json.*"input".*found null.*"output".*found 7/)
})

test.concurrent("an empty file, and files without rows", async () => {
  assert.include(await failureOf({ "rows/a.json": "" }), "rows/a.json")
  assert.include(await failureOf({ "rows/a.json": "[]" }), "There is not one row in rows/a.json")
})

test.concurrent("a pattern that finds nothing", async () => {
  assert.include(await failureOf({}), "rows/*.json")
})

test.concurrent("a filter that keeps nothing", async () => {
  const files = { ...goodFile, "pipeline.ts": making('filter({ name: "none", keep: () => false })(rows)') }
  assert.include(await failureOf(files, [load]), 'The filter "none" dropped all 20 rows')
})

test.concurrent("a filter whose condition throws", async () => {
  const keep = "(row) => JSON.parse(row.output) === 1"
  const files = { ...goodFile, "pipeline.ts": making(`filter({ name: "odd", keep: ${keep} })(rows)`) }
  assert.match(await failureOf(files, [load]), /The function of the filter "odd" threw at row 0: SyntaxError/)
})

test.concurrent("more rows held out than there are", async () => {
  const files = { ...goodFile, "pipeline.ts": making("holdOut({ rows: 20, seed: 1 })(rows).training") }
  assert.match(await failureOf(files, [load]), /asked for 20 rows, but the table it reads has only 20/)
})

test.concurrent("rows beyond the limit of tokens", async () => {
  const files = {
    ...goodFile,
    "pipeline.ts": `
import { calmPrompt, experiment, format, InstructionRow, load, model, pipe, tokenize } from "tanren"
const made = pipe(
  load.files({ files: "rows/*.json", row: InstructionRow }),
  format({ template: calmPrompt }),
  tokenize({ model: model.folder("base"), maxLength: 5 })
)
export default experiment("data", { results: {}, outputs: { made } })
`
  }
  const told = await failureOf(files, ["format", load], (folder) =>
    cpSync(base, path.join(folder, "base"), { recursive: true })
  )
  assert.match(told, /Row 0 has \d+ tokens, but the stage "tokenize" takes at most 5/)
})

test.concurrent("rows of no known type without the columns of a prompt", async () => {
  const files = {
    ...goodFile,
    "pipeline.ts": `
import * as Schema from "effect/Schema"
import { calmPrompt, experiment, format, load, pipe } from "tanren"
const row: Schema.Codec<any> = Schema.Struct({ instruction: Schema.String })
const made = pipe(load.files({ files: "rows/*.json", row }), format({ template: calmPrompt }))
export default experiment("data", { results: {}, outputs: { made } })
`
  }
  assert.match(
    await failureOf(files, [load]),
    /"format" reads the text column "\w+".*The columns there are: instruction/
  )
})
