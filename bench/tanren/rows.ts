/**
 * Rows from JSON Lines to token ids as Tanren makes them: { rows, tokenizer, maxLength, store, empty }; `empty` says that the store is
 * emptied first.
 * Ends with { seconds, rows, tokens, digest, stages, tokenized }: seconds of each stage, and the seconds at which
 * tokenizing had done some number of rows.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { rmSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { Events } from "../../src/engine/Events.ts"
import { readerOf } from "../../src/engine/readers.ts"
import { recipeOf } from "../../src/engine/Recipe.ts"
import { run } from "../../src/engine/run.ts"
import type { TableReader } from "../../src/pipeline/Reader.ts"
import { layerCpu } from "../../src/runtime/layer.ts"
import { Sources } from "../../src/source/Sources.ts"
import { Store } from "../../src/store/Store.ts"
import {
  calmPrompt,
  experiment,
  filter,
  format,
  InstructionRow,
  load,
  model,
  pipe,
  tokenize
} from "../../stages/index.ts"
import type { TokenRow } from "../../stages/rows.ts"

const job: {
  readonly rows: string
  readonly tokenizer: string
  readonly maxLength: number
  readonly store: string
  readonly empty: boolean
} = JSON.parse(process.argv[2] ?? "")

const tokens = pipe(
  load.files({ folder: dirname(job.rows), files: basename(job.rows), row: InstructionRow }),
  filter({ name: "no translation", keep: (row) => !row.instruction.includes("翻訳") }),
  format({ template: calmPrompt }),
  tokenize({ model: model.folder(job.tokenizer), maxLength: job.maxLength, tooLong: "cut" })
)

const secondsSince = (begin: number): number => (performance.now() - begin) / 1000

/** sha256 over each row's number of ids and its ids, as 32-bit integers. */
const digestOf = (rows: TableReader<TokenRow>) =>
  Effect.gen(function* () {
    const hash = createHash("sha256")
    let count = 0
    yield* Stream.runForEach(rows.batches, (batch) =>
      Effect.sync(() => {
        for (const { ids } of batch) {
          hash.update(Int32Array.of(ids.length)).update(ids)
          count += ids.length
        }
      })
    )
    return { rows: rows.rows, tokens: count, digest: hash.digest("hex") }
  })

const program = Effect.gen(function* () {
  const recipe = yield* recipeOf(experiment("rows", { results: {}, outputs: { tokens } }), performance.timeOrigin)
  const tokenized: Array<readonly [rows: number, seconds: number]> = []
  const begin = performance.now()
  const outcomes = yield* run(recipe, {
    root: dirname(job.rows),
    jobs: 1,
    computeJobs: 1,
    checkpointSeconds: 600
  }).pipe(
    Effect.provideService(Events, {
      emit: (event) =>
        Effect.sync(() => {
          if (event.kind === "progress" && event.step.startsWith("tokenize")) {
            tokenized.push([event.report.done, secondsSince(begin)])
          }
        })
    })
  )
  const seconds = secondsSince(begin)
  const source = recipe.sourceOf(tokens)
  const outcome = source.kind === "step" ? outcomes.get(source.step) : undefined
  const output = outcome?.kind === "ran" && source.kind === "step" ? outcome.known.outputs[source.output] : undefined
  if (output?.kind !== "table") return yield* Effect.die(new Error(`tokenizing: ${JSON.stringify(outcome)}`))
  // The table is that of the stage `tokenize`.
  const made = yield* digestOf((yield* readerOf(output)) as TableReader<TokenRow>)
  const stages = Object.fromEntries(
    [...outcomes].map(([step, each]) => [step.node.stage.name, each.kind === "ran" ? each.seconds : null])
  )
  return { seconds, ...made, stages, tokenized }
})

if (job.empty) rmSync(job.store, { recursive: true, force: true })
const services = Layer.mergeAll(
  Store.layer(job.store),
  Sources.layer({ lockFile: join(job.store, "lock.json"), downloads: join(job.store, "downloads"), environment: {} }),
  layerCpu
)
console.log(JSON.stringify(await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(services)))))
