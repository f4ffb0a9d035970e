/** The paper's own pipelines, with a Hub and a server of files on this machine that have small models and few rows in the real layouts. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, test } from "vitest"
import { makeProject, type Project, rowsOf } from "../cli/project.ts"
import { type HubServer, type RepositoryFiles, startHub } from "../source/hubServer.ts"
import { zipOf } from "../source/zipFile.ts"

const pipelines = fileURLToPath(new URL("../../pipelines", import.meta.url))
const hub: HubServer = await startHub()
const cacheFolder = mkdtempSync(path.join(tmpdir(), "tanren-hub-"))
process.env.HF_ENDPOINT = hub.endpoint
process.env.HF_HUB_CACHE = cacheFolder
afterAll(async () => {
  await hub.close()
  rmSync(cacheFolder, { recursive: true, force: true })
})

const folderFiles = (folder: string): RepositoryFiles =>
  Object.fromEntries(
    readdirSync(path.join(pipelines, folder)).map((name) => {
      const content = readFileSync(path.join(pipelines, folder, name))
      return [name, name.endsWith(".safetensors") ? { large: content } : content]
    })
  )

const read = (file: string): Buffer => readFileSync(path.join(pipelines, "paper-small", file))

hub.commit("models/cyberagent/open-calm-7b", folderFiles("quickstart/base"))
hub.commit("models/huggyllama/llama-7b", folderFiles("paper-small/llama-7b"))
hub.commit("models/huggyllama/llama-13b", folderFiles("paper-small/llama-13b"))
hub.commit("datasets/izumi-lab/llm-japanese-dataset", {
  "datasets-cc-by-sa/wikipedia/data/000000.json": rowsOf(150),
  "datasets-cc-by-sa/wikipedia/data/000001.json": rowsOf(150),
  "README.md": "# Rows"
})
// Files for everybody, as the two repositories on another host have them.
hub.commit("datasets/yahoojapan/files", {
  "question_answers.json.zip": zipOf([{ name: "question_answers.json", content: read("question_answers.json") }]),
  "valid-v1.1.json": read("jnli-valid.json"),
  "train-v1.1.json": read("jnli-train.json")
})

/** A project that has the paper's pipelines, and its evaluation data from the server. */
const makePaper = (): Project => {
  const project = makeProject({})
  cpSync(path.join(pipelines, "paper"), path.join(project.folder, "paper"), { recursive: true })
  const files = `${hub.endpoint}/datasets/yahoojapan/files/resolve/main`
  const sources = project.read("paper/sources.ts")
  project.write(
    "paper/sources.ts",
    sources
      .replace(/vqa: "https:[^"]*"/, `vqa: "${files}/question_answers.json.zip"`)
      .replace(/jnli: "https:[^"]*"/, `jnli: "${files}"`)
  )
  project.write("paper/marc_ja/valid-v1.0.json", read("marc_ja-valid.json").toString())
  project.write("paper/marc_ja/train-v1.0.json", read("marc_ja-train.json").toString())
  return project
}

test("the tuning from scratch is planned from what the Hub says, and its data stages run up to the training", async () => {
  const project = makePaper()
  const planned = await project.lines("plan", "paper/tuned.ts")
  const nodes = planned.filter(({ node }) => node !== undefined).map(({ stage, status }) => [stage, status])
  assert.strictEqual(nodes.filter(([stage]) => stage === "loraTrain").length, 3)
  assert.strictEqual(nodes.filter(([stage]) => stage === "evalChoices").length, 6 * 6)
  assert.strictEqual(nodes.filter(([stage]) => stage === "evalPerplexity").length, 6)
  assert.isTrue(nodes.every(([, status]) => status === "run" || status === "blocked"))
  const lock = project.read("paper/tuned.lock.json")
  for (const id of ["cyberagent/open-calm-7b", "huggyllama/llama-13b", "izumi-lab/llm-japanese-dataset"]) {
    assert.include(lock, id)
  }

  // The paper holds out 2,000 rows, which are more than there are here; everything else is the paper's, down to the half precision.
  const settings = project.read("paper/settings.ts")
  project.write(
    "paper/settings.ts",
    settings.replace("rows: 2_000", "rows: 20").replaceAll(/epochs: \d+/g, "epochs: 1")
  )
  project.write(
    "paper/one.ts",
    `
import { experiment } from "tanren"
import { heldOut, llama13bSettings, llama7bSettings, stormySettings } from "./settings.ts"
import { bases, instructions } from "./sources.ts"
import { tuneAll } from "./tuning.ts"
const settings = { stormy: stormySettings, llama7b: llama7bSettings, llama13b: llama13bSettings }
const tuned = tuneAll(bases, instructions, { heldOut, stormyRows: "all", ...settings })
export default experiment("one", { results: {}, outputs: { stormy: tuned.stormy, llama7b: tuned.llama7b } })
`
  )
  const { code, err, out } = await project.tanren("run", "paper/one.ts")
  assert.strictEqual(code, 0, err + out)
  assert.include(out, "0 failed")
})

test("with the published adapters, nothing is tuned", async () => {
  const project = makePaper()
  for (const id of ["stormy-7b-10ep", "llama-7b-japanese-lora-v0-5ep", "llama-13b-japanese-lora-v0-1ep"]) {
    hub.commit(`models/izumi-lab/${id}`, {
      "adapter_config.json": "{}",
      "adapter_model.bin": { large: Buffer.from("x") }
    })
  }
  const planned = await project.lines("plan", "paper/adapters.ts")
  assert.isFalse(planned.some(({ stage }) => stage === "loraTrain"))
  assert.strictEqual(planned.filter(({ stage }) => stage === "evalChoices").length, 6 * 6)
})
