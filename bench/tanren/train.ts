/**
 * LoRA training as Tanren does it: { model, rows, options }. The first step is not timed.
 * Ends with { seconds, tokens, losses }.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { train } from "../../src/model/train.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"
import { Progress } from "../../src/pipeline/Progress.ts"
import { layerCpu } from "../../src/runtime/layer.ts"
import { table } from "../../test/model/trainingSupport.ts"
import { folderFiles } from "./folder.ts"

const job: {
  readonly model: string
  readonly rows: string
  readonly options: Pick<
    TrainingOptions,
    "rank" | "alpha" | "targets" | "dropout" | "batchSize" | "microBatchSize" | "learningRate"
  > & { readonly steps: number } & Partial<TrainingOptions>
} = JSON.parse(process.argv[2] ?? "")

const { steps, ...options } = job.options
const rows = Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Array(Schema.Int))))(
  readFileSync(job.rows, "utf8")
).slice(0, steps * options.batchSize)

const ends: Array<number> = []
const program = train({
  model: { base: folderFiles(job.model), adapters: [] },
  rows: table(rows),
  validation: null,
  options: { ...trainingDefaults, epochs: 1, shuffle: false, seed: 0, schedule: "constant", ...options }
}).pipe(
  Effect.provideService(Progress, { report: () => Effect.sync(() => ends.push(performance.now())) }),
  Effect.provide(layerCpu)
)
const { log } = await Effect.runPromise(program)
const timed = log.steps.slice(1)
console.log(
  JSON.stringify({
    seconds: ((ends.at(-1) ?? NaN) - (ends[0] ?? NaN)) / 1000,
    tokens: timed.reduce((all, step) => all + step.tokens, 0),
    losses: log.steps.map((step) => step.loss)
  })
)
