/** What a training takes. */
import * as Effect from "effect/Effect"
import { adapterFiles } from "../../src/model/adapter.ts"
import { trainingTakes } from "../../src/model/estimate.ts"
import { factorShapes, matchTargets } from "../../src/model/lora.ts"
import { outlineOf } from "../../src/model/outline.ts"
import type { TrainingOptions } from "../../src/model/TrainingOptions.ts"
import type { Estimator, Remedy } from "../../src/pipeline/Estimate.ts"
import type { FilesReader, ModelReader, TableReader } from "../../src/pipeline/Reader.ts"
import { sampled, sampleReader } from "../../src/pipeline/sample.ts"
import type { TokenRow } from "../rows.ts"
import { filesInMemory } from "./filesInMemory.ts"

interface Readers {
  readonly base: ModelReader
  readonly training: TableReader<TokenRow>
  readonly validation: ReadonlyArray<TableReader<TokenRow>>
}

/** Steps of a probe, and micro-batches that one of them has at most: the longest step of a large batch is not waited for. */
const probe = { steps: 8, microBatches: 2 }

const adapterOf = (options: TrainingOptions, parameters: number): FilesReader => {
  const config = adapterFiles(options, new Map(), null)["adapter_config.json"] ?? new Uint8Array()
  return filesInMemory({ "adapter_config.json": config }, { "adapter_model.safetensors": 4 * parameters })
}

const smaller = (options: TrainingOptions, longest: number): ReadonlyArray<readonly [string, TrainingOptions]> => {
  const found: Array<readonly [string, TrainingOptions]> = []
  let best = options
  const lower = (option: string, change: Partial<TrainingOptions>) =>
    found.push([option, (best = { ...best, ...change })])
  if (best.recomputation === "none") lower('recomputation: "layers"', { recomputation: "layers" })
  for (let tokens = best.microBatchTokens / 2; tokens >= longest && tokens >= 1; tokens /= 2) {
    lower(`microBatchTokens: ${Math.floor(tokens)}`, { microBatchTokens: Math.floor(tokens) })
  }
  if (best.precision === "float32") lower('precision: "float16"', { precision: "float16" })
  return found
}

/** A training's tokens are those of all epochs. */
export const estimateTraining: Estimator<Readers, TrainingOptions> = (
  { base, training, validation: [validation] },
  options
) =>
  Effect.gen(function* () {
    const model = yield* outlineOf(base, options.precision)
    const modules = yield* matchTargets(model.backbone.modules, options.targets)
    const rows = yield* sampled(training)
    const held = validation === undefined ? null : { sample: yield* sampled(validation), rows: validation.rows }
    const taken = trainingTakes({ model, modules, options }, rows, training.rows, held)

    const half = yield* outlineOf(base, "float16")
    const remedies = (): ReadonlyArray<Remedy> =>
      smaller(options, Math.max(...rows.map(({ ids }) => ids.length))).map(([option, changed]) => ({
        option,
        memory: trainingTakes(
          { model: changed.precision === "float16" ? half : model, modules, options: changed },
          rows,
          training.rows,
          held
        ).memory
      }))

    const perRow = rows.reduce((all, { ids }) => all + ids.length, 0) / rows.length
    const most = Math.max(1, Math.floor((probe.microBatches * options.microBatchTokens) / perRow))
    const tried = { ...options, epochs: 1, validateEvery: null, batchSize: Math.min(options.batchSize, most) }
    const few = rows.slice(0, probe.steps * tried.batchSize)
    const plain = yield* outlineOf({ base: base.base, adapters: [] }, options.precision)
    const watched = trainingTakes({ model: plain, modules, options: tried }, few, few.length, null)

    const parameters = [...factorShapes(modules, options.rank).values()].reduce((all, [a, b]) => all + a * b, 0)
    return {
      work: {
        ...taken,
        remedies,
        probe: {
          inputs: {
            base: { base: base.base, adapters: [] },
            training: sampleReader(few, training.schema),
            validation: []
          },
          config: tried,
          flop: watched.flop,
          memory: watched.memory
        }
      },
      adapters: { model: adapterOf(options, parameters) }
    }
  })
