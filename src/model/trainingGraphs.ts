/** The graphs of a training: one that sums up a micro-batch's gradients, one that evaluates. */
import { gradients } from "../graph/autodiff.ts"
import { add, input, mul } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { recompute } from "../graph/recompute.ts"
import { serialize, type Serialized } from "../graph/serialize.ts"
import type { ApplyLayer, LinearModule } from "./architecture.ts"
import { packedAttention } from "./attention.ts"
import { trainingParts } from "./batch.ts"
import { dropout } from "./dropout.ts"
import { factorNames, type Factors, factorShapes, scaleOf, withLora } from "./lora.ts"
import { lossInParts, labelLogProbabilities } from "./loss.ts"
import { hiddenStates, type Model } from "./Model.ts"
import { registers } from "./optimizer.ts"
import { type Feeds, float32, packingInputs } from "./packing.ts"
import type { Precision } from "./precision.ts"
import type { TrainingOptions } from "./TrainingOptions.ts"

/** A model with a fresh adapter on some of its layers. */
export interface Trainee {
  readonly model: Model
  readonly modules: ReadonlyArray<LinearModule>
  readonly options: TrainingOptions
}

/** The output under which the summed gradient of a parameter comes back. */
export const gradientSum = (name: string): string => `sum of ${registers.gradient(name)}`

/** The trainable matrices by name, and by layer, fed from registers. */
const trainable = ({ modules, options }: Trainee) => {
  const parameters = new Map(
    [...factorShapes(modules, options.rank)].map(([name, shape]) => [
      name,
      input(registers.parameter(name), "float32", shape)
    ])
  )
  const parameter = (name: string): Tensor => {
    const tensor = parameters.get(name)
    if (tensor === undefined) throw new Error(`internal: no parameter "${name}"`)
    return tensor
  }
  const factors = new Map(
    modules.map(({ path }): readonly [string, Factors] => {
      const names = factorNames(path)
      return [path, { a: parameter(names.a), b: parameter(names.b), scale: scaleOf(options) }]
    })
  )
  return { parameters, factors }
}

const outputWeight = ({ backbone, weight }: Model): Tensor => weight(backbone.outputWeight)

/** How a layer computes in training; its keys and values are for caches, which training has none of. */
const layerBy: { readonly [R in TrainingOptions["recomputation"]]: ApplyLayer } = {
  none: (layer, x) => layer(x),
  layers: (layer, x) => ({ ...layer(x), hidden: recompute((x) => layer(x).hidden, x) })
}

const lossScaleInput = "loss scale"

/** The loss whose gradients are taken. */
const scaled = (loss: Tensor, precision: Precision): Tensor =>
  precision === "float16" ? mul(loss, input(lossScaleInput, "float32", [])) : loss

/** The value that a training graph needs in float16 besides those of a step. */
export const lossScaleFeeds = (precision: Precision, scale: number): Feeds =>
  precision === "float16" ? { [lossScaleInput]: float32([], Float32Array.of(scale)) } : {}

/**
 * Values of `stepBatch` and `lossScaleFeeds` in. Out: `loss`, as weighted; `total`, the sum of cross entropies in nats; per parameter
 * `gradientSum`, which is its gradient register plus this micro-batch's gradient.
 */
export const trainingGraph = (trainee: Trainee): Serialized =>
  serialize({ name: "training step", outputs: trainingOutputs(trainee) })

/** What a training graph gives. */
export const trainingOutputs = (trainee: Trainee): Readonly<Record<string, Tensor>> => {
  const { model, options } = trainee
  const { factors, parameters } = trainable(trainee)
  const inputs = packingInputs()
  const keys = input("dropout keys", "uint32", ["tokens"])
  const linear = withLora(model.linear, factors, (x, layer) => dropout(x, { rate: options.dropout, layer, keys }))
  const { hidden } = hiddenStates(model, inputs, packedAttention(inputs, model.backbone.cache.size), {
    linear,
    layer: layerBy[options.recomputation]
  })
  const { loss, total } = lossInParts(hidden, outputWeight(model), trainingParts(options, model.config.vocabulary))
  const outputs: Record<string, Tensor> = { loss, total }
  const derivatives = gradients(scaled(loss, options.precision), [...parameters.values()])
  ;[...parameters].forEach(([name, parameter], index) => {
    const derivative = derivatives[index]
    if (derivative === undefined) throw new Error(`internal: no gradient of "${name}"`)
    outputs[gradientSum(name)] = add(input(registers.gradient(name), "float32", parameter.shape), derivative)
  })
  return outputs
}

/** Values of `evaluationFeeds` in, `log-probabilities` of the labels out. */
export const evaluationGraph = (trainee: Trainee): Serialized =>
  serialize({ name: "validation", outputs: evaluationOutputs(trainee) })

/** What an evaluation graph gives. */
export const evaluationOutputs = (trainee: Trainee): Readonly<Record<string, Tensor>> => {
  const { model, options } = trainee
  const inputs = packingInputs()
  const linear = withLora(model.linear, trainable(trainee).factors)
  const { hidden } = hiddenStates(model, inputs, packedAttention(inputs, model.backbone.cache.size), { linear })
  const parts = trainingParts(options, model.config.vocabulary)
  return { "log-probabilities": labelLogProbabilities(hidden, outputWeight(model), parts) }
}
