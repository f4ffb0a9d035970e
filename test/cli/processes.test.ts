/** In how many processes an experiment is computed changes nothing in its results, nor in what is cached. */
import { cpSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { assert, test } from "vitest"
import { makeProject, rowsOf } from "./project.ts"
import { stored } from "./stored.ts"

const base = fileURLToPath(new URL("../../pipelines/quickstart/base", import.meta.url))

const pipeline = `
import { calmPrompt, calmQuestionPrompt, compare, evalPerplexity, experiment, format, generate, holdOut, InstructionRow, load,
  loraTrain, model, pipe, QuestionRow, tokenize } from "tanren"
const base = model.folder("base")
const instructions = pipe(
  load.files({ files: "rows/*.json", row: InstructionRow }),
  holdOut({ rows: 6, seed: 1 }),
  format({ template: calmPrompt }),
  tokenize({ model: base, maxLength: 128 })
)
const tuned = loraTrain({
  base, rank: 2, alpha: 4, targets: ["query_key_value"], dropout: 0.1, epochs: 1, batchSize: 12, microBatchTokens: 200,
  learningRate: 1e-3, seed: 3
})(instructions)
const results = compare({ tuned }, {
  perplexity: evalPerplexity({ template: calmQuestionPrompt, batchTokens: 100 })(
    load.files({ files: "questions.json", row: QuestionRow })
  ),
  answers: generate({
    template: calmPrompt, column: "instruction", questions: ["一", "二", "三"], maxTokens: 4, batchPrompts: 1
  })
})
export default experiment("processes", { results, outputs: { log: tuned.log } })
`

test(
  "results are the same objects, and those of one process serve a run of several",
  { timeout: 120_000 },
  async () => {
    const questions = Array.from({ length: 9 }, (_, index) => ({
      question: `問い${index}は何`,
      answer: `答え${index}`
    }))
    const project = makeProject({
      "pipeline.ts": pipeline,
      "rows/a.json": rowsOf(30),
      "questions.json": JSON.stringify(questions)
    })
    cpSync(base, path.join(project.folder, "base"), { recursive: true })
    const run = (processes: number, store: string) =>
      project.lines("run", "pipeline.ts", "--store", store, "--processes", String(processes))

    const outcomes = Object.values(Object((await run(1, "alone")).at(-1)?.nodes))
    assert.deepStrictEqual(outcomes, Array(outcomes.length).fill("ran"))
    await run(2, "pair")
    const { objects, steps } = stored(project, "alone")
    assert.include(steps, "loraTrain")
    assert.deepStrictEqual(stored(project, "pair").objects, objects)
    assert.deepStrictEqual(
      Object.values(Object((await run(2, "alone")).at(-1)?.nodes)),
      Array(outcomes.length).fill("cached")
    )
  }
)

/** A stage that tells what no stage should let into its result. */
const telling = `
import { apply, OnnxRuntime, stage, valueOf } from "tanren"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
const tellingStage = stage({
  name: "telling", module: import.meta.url, computes: true, config: Schema.Struct({}),
  inputs: {}, outputs: { processes: valueOf(Schema.Int) },
  run: () => Effect.scoped(Effect.gen(function*() {
    const { acquireAll } = yield* OnnxRuntime
    return { processes: (yield* acquireAll).length }
  }))
})
export const telling = () => apply(tellingStage, { config: {}, inputs: {}, schemas: {} }).processes
`

test("a stage has as many processes as the command line says, and one if it says nothing", async () => {
  const project = makeProject({
    "telling.ts": telling,
    "pipeline.ts": `
import { experiment } from "tanren"
import { telling } from "./telling.ts"
export default experiment("telling", { results: {}, outputs: { processes: telling() } })`
  })
  const told = async (store: string, ...options: ReadonlyArray<string>) => {
    await project.tanren("run", "pipeline.ts", "--store", store, ...options)
    return (await project.lines("show", "pipeline.ts", "--store", store)).flatMap(({ value }) => value ?? [])
  }
  assert.deepStrictEqual(await told("one"), [1])
  assert.deepStrictEqual(await told("three", "--processes", "3"), [3])
})
