/** A training that is killed at any step and run again ends as if nothing had been; a longer one starts where a shorter ended. */
import { cpSync, existsSync, readFileSync, truncateSync } from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { assert, test } from "vitest"
import { makeProject, type Project, until } from "./project.ts"
import { filesIn, stored } from "./stored.ts"

const golden = fileURLToPath(new URL("../model/golden/parallel", import.meta.url))

/** A stage that makes rows of tokens out of nothing. */
const tokens = `
import { apply, stage, tableOf, TokenRow } from "tanren"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
const tokensStage = stage({
  name: "tokens", module: import.meta.url, computes: false, config: Schema.Struct({ rows: Schema.Int }),
  inputs: {}, outputs: { rows: tableOf(TokenRow) },
  run: (_, { rows }) => Effect.succeed({
    rows: Stream.succeed(Array.from({ length: rows }, (_, row) => ({
      ids: Int32Array.from({ length: 6 + (row % 5) }, (_, place) => 1 + ((7 * row + 3 * place) % 60)),
      promptTokens: 1,
      cut: 0
    })))
  })
})
export const tokens = (rows: number) => apply(tokensStage, { config: { rows }, inputs: {}, schemas: {} }).rows
`

/** Three steps an epoch. */
const pipelineOf = (epochs: number, options = ""): string => `
import { experiment, loraTrain, model } from "tanren"
import { tokens } from "./tokens.ts"
const tuned = loraTrain({
  base: model.folder("model"), rank: 2, alpha: 4, targets: ["query_key_value"], dropout: 0.1, batchSize: 4,
  learningRate: 1e-2, warmup: { steps: 2 }, validateEvery: 2, seed: 3, epochs: ${epochs}, ${options}
})({ training: tokens(12), validation: tokens(5) })
export default experiment("resume", { results: {}, outputs: { tuned, log: tuned.log } })
`

const makeTraining = (epochs: number, options = ""): Project => {
  const project = makeProject({ "pipeline.ts": pipelineOf(epochs, options), "tokens.ts": tokens })
  for (const file of ["config.json", "model.safetensors"])
    cpSync(path.join(golden, file), path.join(project.folder, "model", file))
  return project
}

const checkpoints = (project: Project): ReadonlyArray<string> =>
  existsSync(path.join(project.folder, "cache/checkpoints")) ? filesIn(project, "checkpoints") : []

/** How far each kept state is, as its file says in its first line. */
const kept = (project: Project): ReadonlyArray<number> =>
  checkpoints(project).map((file) => Number(readFileSync(file, "latin1").slice(64).split("\n", 1)[0]))

/** Digests of the adapter and the log of the training of so many epochs. */
const results = (project: Project, epochs: number): ReadonlyArray<string> =>
  filesIn(project, "actions")
    .map((file) => JSON.parse(readFileSync(file, "utf8")))
    .filter(({ ingredients, stage }) => stage === "loraTrain" && ingredients.config.epochs === epochs)
    .flatMap(({ outputs }) => [outputs.model.digest, outputs.log.digest])

/** The same of a training that nothing disturbed, in a store of its own. */
const trained = async (epochs: number, options = ""): Promise<ReadonlyArray<string>> => {
  const project = makeTraining(epochs, options)
  const { code, err } = await project.tanren("run", "pipeline.ts")
  assert.strictEqual(code, 0, err)
  return results(project, epochs)
}

let known: Promise<ReadonlyArray<string>> | undefined
/** The training that two tests disturb, undisturbed. */
const undisturbed = () => (known ??= trained(4))

/** Runs to the end; gives what was gone on from. */
const finish = async (project: Project, ...options: ReadonlyArray<string>) => {
  const lines = await project.lines("run", "pipeline.ts", ...options)
  assert.strictEqual(Object(lines.at(-1)?.nodes).loraTrain, "ran")
  return lines.filter(({ event }) => event === "resumed").map(({ done, node, total }) => ({ done, node, total }))
}

/** Runs until a state is that far, then ends the run by a signal. */
const cutOff = async (project: Project, step: number, signal: "SIGKILL" | "SIGINT", interval = "0") => {
  const { ended, process } = project.start("run", "pipeline.ts", "--checkpoint", interval)
  await until(() => kept(project).some((position) => position >= step))
  process.kill(signal)
  return ended
}

test("killed at step after step, it comes to the same adapter and log", async () => {
  const project = makeTraining(4)
  for (const step of [1, 4, 7]) {
    await cutOff(project, step, "SIGKILL")
    assert.lengthOf(kept(project), 1)
  }
  const [before] = kept(project)
  assert.deepStrictEqual(await finish(project, "--checkpoint", "0"), [{ done: before, node: "loraTrain", total: 12 }])
  assert.deepStrictEqual(results(project, 4), await undisturbed())
  assert.deepStrictEqual([kept(project), stored(project).temporary], [[], []])
})

test("killed between two states, it goes on from the last", async () => {
  const project = makeTraining(40)
  await cutOff(project, 1, "SIGKILL", "0.05")
  const [before] = kept(project)
  assert.deepStrictEqual(await finish(project), [{ done: before, node: "loraTrain", total: 120 }])
  assert.deepStrictEqual(results(project, 40), await trained(40))
})

test("interrupted, it leaves its last state and nothing torn; a damaged state is no state", async () => {
  const project = makeTraining(4)
  const { code } = await cutOff(project, 2, "SIGINT")
  assert.strictEqual(code, 130)
  const { leases, temporary } = stored(project)
  assert.deepStrictEqual({ leases, temporary }, { leases: [], temporary: [] })
  const [file = ""] = checkpoints(project)
  truncateSync(file, 200)
  assert.deepStrictEqual(await finish(project), [])
  assert.deepStrictEqual(results(project, 4), await undisturbed())
})

test("at a constant rate a longer training starts where a shorter one ended", async () => {
  const constant = 'schedule: "constant"'
  const project = makeTraining(1, constant)
  assert.deepStrictEqual(await finish(project), [])
  project.write("pipeline.ts", pipelineOf(2, constant))
  assert.deepStrictEqual(await finish(project), [{ done: 3, node: "loraTrain", total: 6 }])
  assert.deepStrictEqual(results(project, 2), await trained(2, constant))
  assert.deepStrictEqual(kept(project).toSorted(), [3, 6])
})

test("at a rate that knows the training's length it starts anew", async () => {
  const project = makeTraining(1)
  await finish(project)
  project.write("pipeline.ts", pipelineOf(2))
  assert.deepStrictEqual(await finish(project), [])
})
