/** LoRA training: rows of tokens in, an adapter and the course of its loss out. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Checkpoints } from "../pipeline/Checkpoints.ts"
import type { TrainingLog } from "../pipeline/Measurement.ts"
import { Progress } from "../pipeline/Progress.ts"
import type { FilesContent, ModelReader, TableReader } from "../pipeline/Reader.ts"
import type { RuntimeFailure } from "../runtime/Errors.ts"
import type { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import { accumulate, parametersOf } from "./accumulate.ts"
import { adapterFiles } from "./adapter.ts"
import { planSteps, type StepBatch, stepBatch, type TrainingRow } from "./batch.ts"
import { firstTensors, readState, writeState } from "./checkpoint.ts"
import { RowUnfit, TrainingDiverged, type TrainingFailure } from "./Errors.ts"
import { type AdapterTensors, factorShapes, initialAdapter, matchTargets } from "./lora.ts"
import { isExhausted, type LossScale, lossScaleAfter, nextLossScale } from "./lossScale.ts"
import { openModel } from "./Model.ts"
import { optimizerFeeds } from "./optimizer.ts"
import { learningRateAt } from "./schedule.ts"
import { openInAll } from "./share.ts"
import { evaluationGraph, lossScaleFeeds } from "./trainingGraphs.ts"
import { adapterOf, lastingTensors, optimize, startTraining, type TrainingProcesses } from "./trainingProcesses.ts"
import { checkOptions, type TrainingOptions } from "./TrainingOptions.ts"
import { fitting, validationLoss } from "./validate.ts"

export interface TrainingInput {
  /** What the new adapter is trained on; adapters that it has already stay as they are, under the new one. */
  readonly model: ModelReader
  readonly rows: TableReader<TrainingRow>
  readonly validation: TableReader<TrainingRow> | null
  readonly options: TrainingOptions
  /** First values of the adapter, by PEFT's names; drawn from the seed where left out. */
  readonly initial?: AdapterTensors
  /** The Hub's name of the base model, for the adapter's config. */
  readonly baseName?: string
}

export interface Trained {
  readonly tensors: AdapterTensors
  /** The adapter as PEFT's files. */
  readonly files: FilesContent
  /** Steps are counted from 1. */
  readonly log: TrainingLog
}

type Step = TrainingLog["steps"][number]

/**
 * One optimiser step of `steps`. Fails before anything is changed if the loss is no number: no scale would help that.
 * Gradients that are none are skipped in float16, as long as the scale can be lowered; else it fails after the update.
 */
const takeStep = Effect.fn("train.takeStep")(function* (
  training: TrainingProcesses,
  batch: StepBatch,
  steps: number,
  lossScale: LossScale
): Effect.fn.Return<Step, RuntimeFailure | TrainingDiverged> {
  const { options } = training.trainee
  const { scale, taken } = lossScale
  const learningRate = learningRateAt(options, taken, steps)
  const scaling = lossScaleFeeds(options.precision, scale)
  const microBatches = batch.microBatches.map((feeds) => ({ ...feeds, ...scaling }))
  const loss = (yield* accumulate(training, microBatches)) / batch.labels
  const diverged = (gradientNorm: number) =>
    new TrainingDiverged({ step: batch.step + 1, loss, gradientNorm, learningRate, rows: batch.rows })
  if (!Number.isFinite(loss)) return yield* diverged(NaN)
  const gradientNorm = yield* optimize(training, optimizerFeeds(options, taken, learningRate, scale))
  const isHalf = options.precision === "float16"
  if (!Number.isFinite(gradientNorm) && (!isHalf || isExhausted(lossScale))) return yield* diverged(gradientNorm)
  return {
    step: batch.step + 1,
    loss,
    learningRate,
    gradientNorm: Number.isFinite(gradientNorm) ? gradientNorm : null,
    ...(isHalf ? { lossScale: scale } : {}),
    tokens: batch.tokens
  }
})

const figuresOf = ({ gradientNorm, learningRate, loss, lossScale }: Step): Readonly<Record<string, number>> => ({
  loss,
  "learning rate": learningRate,
  ...(gradientNorm === null ? {} : { "gradient norm": gradientNorm }),
  ...(lossScale === undefined ? {} : { "loss scale": lossScale })
})

/**
 * Trains a fresh LoRA adapter (Hu et al., 2021) on a frozen model, from its beginning or from a checkpoint. Memory: the
 * model's pages, in each process one micro-batch's activations and three copies of the adapter, as many for a
 * checkpoint, one index a row, and the rows of two steps: the next is prepared while one is computed.
 */
export const train = Effect.fn("train")(function* ({
  baseName,
  initial,
  model: reader,
  options,
  rows,
  validation
}: TrainingInput): Effect.fn.Return<Trained, TrainingFailure, OnnxRuntime> {
  yield* checkOptions(options, rows.rows)
  const model = yield* openModel(reader, options.precision)
  const modules = yield* matchTargets(model.backbone.modules, options.targets)
  const plan = planSteps(rows.rows, options)
  const progress = yield* Progress
  const checkpoints = yield* Checkpoints
  const factors = factorShapes(modules, options.rank)
  const kept = yield* checkpoints.resume(plan.steps, (bytes) => readState(bytes, factors))
  const steps: Array<Step> = [...(kept?.log.steps ?? [])]
  const losses: Array<TrainingLog["validation"][number]> = [...(kept?.log.validation ?? [])]
  let lossScale = lossScaleAfter(steps)

  const prepare = Effect.fnUntraced(function* (step: number) {
    const places = plan.rowsOf(step)
    const placed = yield* fitting(yield* rows.take(places), places, model.config)
    const batch = stepBatch(step, placed, options)
    if (batch.labels > 0) return batch
    return yield* new RowUnfit({
      row: `Every row of step ${step + 1} (rows ${places.join(", ")})`,
      reason: "none of its tokens is a label, so there is nothing to learn."
    })
  })

  const trained = Effect.gen(function* () {
    const first = () => firstTensors(initial ?? initialAdapter(modules, options.rank, options.seed))
    const training = yield* startTraining({ model, modules, options }, kept?.tensors ?? first())
    const { names, processes, trainee } = training
    const evaluation = validation === null ? null : yield* openInAll(processes, evaluationGraph(trainee))
    const validate = Effect.fnUntraced(function* () {
      if (evaluation === null || validation === null) return
      const loss = yield* validationLoss(trainee, evaluation, parametersOf(names), validation)
      losses.push({ step: steps.length, loss })
    })
    const state = Effect.map(lastingTensors(training), (tensors) =>
      writeState({ tensors, log: { steps, validation: losses } })
    )
    yield* Stream.range(steps.length, plan.steps - 1).pipe(
      Stream.mapEffect(prepare),
      Stream.buffer({ capacity: 1 }),
      Stream.runForEach(
        Effect.fnUntraced(function* (batch) {
          const step = yield* takeStep(training, batch, plan.steps, lossScale)
          steps.push(step)
          lossScale = nextLossScale(lossScale, step.gradientNorm === null)
          yield* progress.report({
            done: step.step,
            total: plan.steps,
            unit: "steps",
            figures: figuresOf(step)
          })
          if (options.validateEvery !== null && step.step % options.validateEvery === 0) yield* validate()
          yield* checkpoints.offer(step.step, plan.steps, state)
        })
      )
    )
    // After the last state, which a longer training goes on from: that has no such loss in the middle of its log.
    if (losses.at(-1)?.step !== plan.steps) yield* validate()
    return yield* adapterOf(training)
  })
  const tensors = yield* Effect.scoped(trained)
  return { tensors, files: adapterFiles(options, tensors, baseName ?? null), log: { steps, validation: losses } }
})
