/** LoRA (Hu et al., 2021) as PEFT defines it: y = W x + b + scale · B A dropout(x), around frozen linear layers. */
import * as Effect from "effect/Effect"
import { cast, gemm, linear } from "../graph/build.ts"
import type { Tensor } from "../graph/Operator.ts"
import { recompute } from "../graph/recompute.ts"
import type { ApplyLinear, LinearModule } from "./architecture.ts"
import { TargetMissing } from "./Errors.ts"
import { widened } from "./precision.ts"
import { hash, hashText, uniform } from "./random.ts"

/** What decides an adapter's shape and strength. */
export interface LoraOptions {
  readonly rank: number
  readonly alpha: number
  /** Module names; a layer is adapted if its path is one of them or ends with "." and one of them. */
  readonly targets: ReadonlyArray<string>
  /** Of the adapter's input, while training. */
  readonly dropout: number
  /** Scale alpha / sqrt(rank) instead of alpha / rank (Kalajdzievski, 2023). */
  readonly rankStabilized: boolean
}

/** The pair of matrices on one layer: a [rank, inputs], b [outputs, rank]. */
export interface Factors {
  readonly a: Tensor
  readonly b: Tensor
  readonly scale: number
}

/** A matrix of an adapter in host memory. */
export interface AdapterTensor {
  readonly shape: readonly [rows: number, columns: number]
  readonly data: Float32Array
}

/** An adapter's matrices by their names in PEFT's files, see `factorNames`. */
export type AdapterTensors = ReadonlyMap<string, AdapterTensor>

/** What PEFT calls the two matrices of a layer. */
export const factorNames = (path: string): { readonly a: string; readonly b: string } => ({
  a: `base_model.model.${path}.lora_A.weight`,
  b: `base_model.model.${path}.lora_B.weight`
})

/** The factor of the adapter's contribution. */
export const scaleOf = ({
  alpha,
  rank,
  rankStabilized
}: Pick<LoraOptions, "alpha" | "rank" | "rankStabilized">): number => alpha / (rankStabilized ? Math.sqrt(rank) : rank)

const isTarget = (path: string, target: string): boolean => path === target || path.endsWith(`.${target}`)

/**
 * The layers that the targets name. Fails for a target that names none: it is misspelled, or meant for another model.
 */
export const matchTargets = (
  modules: ReadonlyArray<LinearModule>,
  targets: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<LinearModule>, TargetMissing> => {
  const lost = targets.filter((target) => !modules.some(({ path }) => isTarget(path, target)))
  const matched = modules.filter(({ path }) => targets.some((target) => isTarget(path, target)))
  return lost.length === 0 && matched.length > 0
    ? Effect.succeed(matched)
    : Effect.fail(new TargetMissing({ targets: lost, modules: modules.map(({ path }) => path) }))
}

/** The shapes of an adapter's matrices, in order of computation. */
export const factorShapes = (
  modules: ReadonlyArray<LinearModule>,
  rank: number
): ReadonlyMap<string, readonly [number, number]> =>
  new Map(
    modules.flatMap(({ inputs, outputs, path }): ReadonlyArray<readonly [string, readonly [number, number]]> => [
      [factorNames(path).a, [rank, inputs]],
      [factorNames(path).b, [outputs, rank]]
    ])
  )

/** A uniform in ±1/sqrt(inputs), B zero, so that training starts from the model as it is. */
export const initialAdapter = (modules: ReadonlyArray<LinearModule>, rank: number, seed: number): AdapterTensors =>
  new Map(
    modules.flatMap(({ inputs, outputs, path }): ReadonlyArray<readonly [string, AdapterTensor]> => {
      const names = factorNames(path)
      const key = hash(seed, hashText(names.a))
      const bound = 1 / Math.sqrt(inputs)
      const a = Float32Array.from({ length: rank * inputs }, (_, index) => bound * (2 * uniform(key, index) - 1))
      return [
        [names.a, { shape: [rank, inputs], data: a }],
        [names.b, { shape: [outputs, rank], data: new Float32Array(outputs * rank) }]
      ]
    })
  )

/**
 * Linear layers with an adapter on top of those that have factors, computed in float32 whatever the precision of the
 * layers; `prepare` is applied to the adapter's input alone.
 */
export const withLora =
  (
    base: ApplyLinear,
    factors: ReadonlyMap<string, Factors>,
    prepare: (x: Tensor, path: string) => Tensor = (x) => x
  ): ApplyLinear =>
  (path, x) => {
    const y = base(path, x)
    const pair = factors.get(path)
    if (pair === undefined) return y
    // What the first product reads is as large as the hidden states, and cheap to make again.
    const down = recompute((x) => linear(prepare(widened(x), path), pair.a), x)
    return cast(gemm(down, pair.b, { transB: true, alpha: pair.scale, plus: widened(y) }), y.element)
  }
