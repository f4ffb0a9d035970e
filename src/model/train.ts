/** LoRA training: rows of tokens in, an adapter and the course of its loss out. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { TrainingLog } from "../pipeline/Measurement.ts"
import { Progress } from "../pipeline/Progress.ts"
import type { FilesContent, ModelReader, TableReader } from "../pipeline/Reader.ts"
import type { RuntimeFailure } from "../runtime/Errors.ts"
import { type HostTensor, OnnxRuntime, type RuntimeProcess, type Session } from "../runtime/OnnxRuntime.ts"
import { adapterFiles } from "./adapter.ts"
import { planSteps, type StepBatch, stepBatch, type TrainingRow } from "./batch.ts"
import { RowUnfit, TrainingDiverged, type TrainingFailure } from "./Errors.ts"
import { type AdapterTensors, factorShapes, initialAdapter, matchTargets } from "./lora.ts"
import { openModel } from "./Model.ts"
import { optimizerFeeds, optimizerGraph, readRegisters, registers, renewedRegisters } from "./optimizer.ts"
import { float32 } from "./packing.ts"
import { learningRateAt } from "./schedule.ts"
import { evaluationGraph, gradientSum, type Trainee, trainingGraph } from "./trainingGraphs.ts"
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

/** A training in progress: its sessions, and the adapter in the registers of one process. */
interface Run {
  readonly trainee: Trainee
  readonly process: RuntimeProcess
  readonly names: ReadonlyArray<string>
  readonly gradient: Session
  readonly optimizer: Session
  readonly steps: number
}

const identity = (names: ReadonlyArray<string>): Readonly<Record<string, string>> =>
  Object.fromEntries(names.map((name) => [name, name]))

/** The one number of an output that is a scalar. */
const scalarOf = (outputs: Readonly<Record<string, HostTensor>>, name: string): number => {
  const value = outputs[name]?.data[0]
  if (typeof value !== "number") throw new Error(`internal: the output "${name}" is no number`)
  return value
}

const start = Effect.fn("train.start")(function* (
  trainee: Trainee,
  tensors: AdapterTensors,
  steps: number
): Effect.fn.Return<Run, RuntimeFailure, OnnxRuntime | Scope.Scope> {
  const { modules, options } = trainee
  const runtime = yield* OnnxRuntime
  const process = yield* runtime.acquire
  for (const [name, { data, shape }] of tensors) {
    const zeros = () => float32(shape, new Float32Array(data.length))
    yield* process.put({
      [registers.parameter(name)]: float32(shape, data),
      [registers.zero(name)]: zeros(),
      [registers.mean(name)]: zeros(),
      [registers.square(name)]: zeros()
    })
  }
  return {
    trainee,
    process,
    names: [...tensors.keys()],
    gradient: yield* process.open(trainingGraph(trainee)),
    optimizer: yield* process.open(optimizerGraph(factorShapes(modules, options.rank), options)),
    steps
  }
})

/** Sums up the gradients of a step's micro-batches, in order, and the cross entropies of its labels. */
const accumulate = Effect.fn("train.accumulate")(function* ({ gradient, names }: Run, { microBatches }: StepBatch) {
  const parameters = identity(names.map(registers.parameter))
  const keep = Object.fromEntries(names.map((name) => [gradientSum(name), registers.gradient(name)]))
  let total = 0
  for (const [index, feeds] of microBatches.entries()) {
    const before = index === 0 ? registers.zero : registers.gradient
    const sums = Object.fromEntries(names.map((name) => [registers.gradient(name), before(name)]))
    total += scalarOf(
      yield* gradient.run({ feeds, resident: { ...parameters, ...sums }, fetch: ["total"], keep }),
      "total"
    )
  }
  return total
})

/**
 * One optimiser step. Fails before anything is changed if the loss is no number, and after the update if the norm is
 * none.
 */
const takeStep = Effect.fn("train.takeStep")(function* (
  run: Run,
  batch: StepBatch
): Effect.fn.Return<Step, RuntimeFailure | TrainingDiverged> {
  const {
    names,
    optimizer,
    steps,
    trainee: { options }
  } = run
  const learningRate = learningRateAt(options, batch.step, steps)
  const loss = (yield* accumulate(run, batch)) / batch.labels
  const diverged = (gradientNorm: number) =>
    new TrainingDiverged({ step: batch.step + 1, loss, gradientNorm, learningRate, rows: batch.rows })
  if (!Number.isFinite(loss)) return yield* diverged(NaN)
  const outputs = yield* optimizer.run({
    feeds: optimizerFeeds(options, batch.step, learningRate),
    resident: readRegisters(names),
    fetch: ["norm"],
    keep: renewedRegisters(names)
  })
  const gradientNorm = scalarOf(outputs, "norm")
  if (!Number.isFinite(gradientNorm)) return yield* diverged(gradientNorm)
  return { step: batch.step + 1, loss, learningRate, gradientNorm, tokens: batch.tokens }
})

const adapterOf = Effect.fn("train.adapterOf")(function* ({
  process,
  trainee: { modules, options }
}: Run): Effect.fn.Return<AdapterTensors, RuntimeFailure> {
  const shapes = factorShapes(modules, options.rank)
  const values = yield* process.get([...shapes.keys()].map(registers.parameter))
  return new Map(
    [...shapes].map(([name, shape]) => {
      const value = values[registers.parameter(name)]
      if (value?.element !== "float32") throw new Error(`internal: the register of "${name}" holds no float32`)
      return [name, { shape, data: value.data }]
    })
  )
})

/**
 * Trains a fresh LoRA adapter (Hu et al., 2021) on a frozen model. Memory: the model's pages, one micro-batch's
 * activations, three copies of the adapter, one index a row, and the rows of two steps: the next is prepared while one
 * is computed.
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
  const model = yield* openModel(reader)
  const modules = yield* matchTargets(model.backbone.modules, options.targets)
  const plan = planSteps(rows.rows, options)
  const progress = yield* Progress
  const steps: Array<Step> = []
  const losses: Array<TrainingLog["validation"][number]> = []

  const prepare = Effect.fnUntraced(function* (step: number) {
    const places = plan.rowsOf(step)
    const placed = yield* fitting(yield* rows.take(places), places, model.config)
    const batch = stepBatch(step, placed, options, model.config.vocabulary)
    if (batch.labels > 0) return batch
    return yield* new RowUnfit({
      row: `Every row of step ${step + 1} (rows ${places.join(", ")})`,
      reason: "none of its tokens is a label, so there is nothing to learn."
    })
  })

  const trained = Effect.gen(function* () {
    const tensors = initial ?? initialAdapter(modules, options.rank, options.seed)
    const run = yield* start({ model, modules, options }, tensors, plan.steps)
    const evaluation = validation === null ? null : yield* run.process.open(evaluationGraph(run.trainee))
    yield* Stream.range(0, plan.steps - 1).pipe(
      Stream.mapEffect(prepare),
      Stream.buffer({ capacity: 1 }),
      Stream.runForEach(
        Effect.fnUntraced(function* (batch) {
          const step = yield* takeStep(run, batch)
          steps.push(step)
          yield* progress.report({
            done: step.step,
            total: plan.steps,
            unit: "steps",
            figures: { loss: step.loss, "learning rate": step.learningRate, "gradient norm": step.gradientNorm }
          })
          const due =
            step.step === plan.steps || (options.validateEvery !== null && step.step % options.validateEvery === 0)
          if (evaluation === null || validation === null || !due) return
          const resident = identity(run.names.map(registers.parameter))
          losses.push({ step: step.step, loss: yield* validationLoss(run.trainee, evaluation, resident, validation) })
        })
      )
    )
    return yield* adapterOf(run)
  })
  const tensors = yield* Effect.scoped(trained)
  return { tensors, files: adapterFiles(options, tensors, baseName ?? null), log: { steps, validation: losses } }
})
