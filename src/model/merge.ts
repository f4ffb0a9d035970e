/** Merging adapters into the weights under them: what comes out is a plain model folder. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FilesReader, ModelReader, StageFailure, StreamedFilesContent } from "../pipeline/Reader.ts"
import { locateAdapter, type StoredFactors } from "./adapter.ts"
import { backboneOf } from "./architecture.ts"
import { readConfig } from "./config.ts"
import type { ModelFailure } from "./Errors.ts"
import { configFile, readJson } from "./Model.ts"
import { codings } from "./weights/elements.ts"
import {
  bytesOf,
  inFileOrder,
  safetensorsHeader,
  type StoredTensor,
  type WeightElement
} from "./weights/safetensors.ts"
import { checkWeights, readWeights } from "./weights/Weights.ts"

export interface MergeOptions {
  /** "base": each tensor keeps the element type that it has in the base; "float32": none is rounded. */
  readonly element: "base" | "float32"
}

/** Bytes of weights in memory at once. */
const pieceBytes = 1 << 22

/** A tensor to write: where its values lie, and what is to be added to them. */
interface Job {
  readonly stored: StoredTensor
  readonly element: WeightElement
  readonly shape: ReadonlyArray<number>
  readonly additions: ReadonlyArray<StoredFactors & { readonly files: FilesReader }>
}

/** The pair of matrices on one layer, as numbers. */
interface Addition {
  readonly a: Float32Array
  readonly b: Float32Array
  readonly rank: number
  readonly scale: number
}

const valuesOf = (files: FilesReader, { element, length, offset, path }: StoredTensor) =>
  Effect.map(files.slice(path, offset, length), codings[element].decode)

const readAddition = ({ a, b, files, scale }: Job["additions"][number]): Effect.Effect<Addition, StageFailure> =>
  Effect.map(Effect.all([valuesOf(files, a), valuesOf(files, b)]), ([valuesOfA, valuesOfB]) => ({
    a: valuesOfA,
    b: valuesOfB,
    rank: a.shape[0] ?? 0,
    scale
  }))

/** Adds scale · B A to rows of a weight in place, [rows, columns]; the first of them is row `first` of the weight. */
const addProduct = (rows: Float32Array, columns: number, first: number, { a, b, rank, scale }: Addition): void => {
  const product = new Float64Array(columns)
  for (let row = 0; row * columns < rows.length; row++) {
    product.fill(0)
    for (let k = 0; k < rank; k++) {
      const factor = b[(first + row) * rank + k] ?? 0
      for (let column = 0; column < columns; column++) {
        product[column] = (product[column] ?? 0) + factor * (a[k * columns + column] ?? 0)
      }
    }
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column
      rows[at] = (rows[at] ?? 0) + Math.fround(scale * Math.fround(product[column] ?? 0))
    }
  }
}

/** The bytes of a tensor, some rows at a time. */
const tensorBytes = (base: FilesReader, job: Job): Stream.Stream<Uint8Array, StageFailure> =>
  Stream.unwrap(
    Effect.map(Effect.forEach(job.additions, readAddition), (additions) => {
      const {
        element,
        shape: [rows = 1, ...others],
        stored
      } = job
      const columns = others.reduce((all, size) => all * size, 1)
      const rowBytes = columns * bytesOf[stored.element]
      const step = Math.max(1, Math.floor(pieceBytes / rowBytes))
      return Stream.range(0, Math.ceil(rows / step) - 1).pipe(
        Stream.mapEffect((piece) => {
          const first = piece * step
          const length = Math.min(step, rows - first) * rowBytes
          return Effect.map(base.slice(stored.path, stored.offset + first * rowBytes, length), (bytes) => {
            if (additions.length === 0 && element === stored.element) return bytes
            const values = codings[stored.element].decode(bytes)
            for (const addition of additions) addProduct(values, columns, first, addition)
            return codings[element].encode(values)
          })
        })
      )
    })
  )

/** The element type in a config.json, under the names of older and newer transformers. */
const elementField = /("(?:torch_)?dtype"\s*:\s*)(?:"[^"]*"|null)/g

/** A config.json with another element type, and otherwise to the letter: 1.0 stays 1.0. */
const withElement = (config: Uint8Array, element: WeightElement): Uint8Array => {
  const text = new TextDecoder().decode(config)
  const isSaid = text.search(elementField) >= 0
  return new TextEncoder().encode(
    isSaid ? text.replace(elementField, `$1"${element}"`) : text.replace("{", `{\n  "dtype": "${element}",`)
  )
}

/** Everything beside weights and config: the tokenizer, and how to generate. */
const isCompanion = (path: string): boolean => path !== configFile && !/\.(safetensors|bin)(\.index\.json)?$/.test(path)

/**
 * The files of a model with its adapters merged in, W + scale · B A for each, added in float32 and rounded once: a
 * folder that transformers loads, with one `model.safetensors`. Of equal value to PEFT's `merge_and_unload` but for
 * float32 rounding. Memory: {@link pieceBytes} of a weight thrice over, and the matrices of one layer.
 */
export const mergedFiles = Effect.fn("mergedFiles")(function* (
  { adapters, base }: ModelReader,
  options: MergeOptions
): Effect.fn.Return<StreamedFilesContent, ModelFailure> {
  const json = yield* readJson(base, configFile)
  const config = yield* base.bytes(configFile)
  const backbone = backboneOf(yield* readConfig(configFile, json))
  const weights = yield* readWeights(base)
  yield* checkWeights(weights, backbone.weights)
  const located = yield* Effect.forEach(adapters, (files) =>
    Effect.map(locateAdapter(files, backbone.modules), (factors) => ({ factors, files }))
  )
  const jobs = new Map<string, Job>()
  for (const name of backbone.weights.keys()) {
    const stored = weights.get(name)
    if (stored === undefined) throw new Error(`internal: no tensor "${name}" after the check that it is there`)
    const element = options.element === "base" ? stored.element : options.element
    const additions = located.flatMap(({ factors, files }) => {
      const found = name.endsWith(".weight") ? factors.get(name.slice(0, -".weight".length)) : undefined
      return found === undefined ? [] : [{ ...found, files }]
    })
    jobs.set(name, { stored, element, shape: stored.shape, additions })
  }
  const tensors = Stream.fromIterable(inFileOrder(jobs)).pipe(Stream.flatMap(([, job]) => tensorBytes(base, job)))
  const companions = base.entries.map(({ path }) => path).filter(isCompanion)
  return {
    ...Object.fromEntries(companions.map((path) => [path, base.stream(path)])),
    [configFile]: options.element === "base" ? config : withElement(config, options.element),
    "model.safetensors": Stream.concat(Stream.succeed(safetensorsHeader(jobs, { format: "pt" })), tensors)
  }
})
