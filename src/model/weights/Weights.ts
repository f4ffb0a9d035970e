/** The weights of a model: its folder's tensors, found by name whichever file they are in. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FilesReader, StageFailure } from "../../pipeline/Reader.ts"
import { WeightsInvalid } from "../Errors.ts"
import { readSafetensors, type StoredTensor } from "./safetensors.ts"
import { readTorchFile } from "./torchFile.ts"

/** Where every tensor of a folder lies. */
export type Weights = ReadonlyMap<string, StoredTensor>

const Index = Schema.fromJsonString(Schema.Struct({ weight_map: Schema.Record(Schema.String, Schema.String) }))

/** The formats of weight files, in the order in which transformers looks for them. */
const formats = [
  { single: "model.safetensors", index: "model.safetensors.index.json", read: readSafetensors },
  { single: "pytorch_model.bin", index: "pytorch_model.bin.index.json", read: readTorchFile }
] as const

const has = (files: FilesReader, path: string): boolean => files.entries.some((entry) => entry.path === path)

const readIndex = Effect.fn("readIndex")(function* (
  files: FilesReader,
  path: string
): Effect.fn.Return<ReadonlyArray<string>, WeightsInvalid | StageFailure> {
  const text = new TextDecoder().decode(yield* files.bytes(path))
  const { weight_map } = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Index)(text),
    ({ message }) => new WeightsInvalid({ file: path, reason: `it is not an index of weight files (${message}).` })
  )
  return [...new Set(Object.values(weight_map))].toSorted()
})

/** Finds the tensors of a model folder: safetensors, else what torch saves; one file, or those that an index names. */
export const readWeights = Effect.fn("readWeights")(function* (
  files: FilesReader
): Effect.fn.Return<Weights, WeightsInvalid | StageFailure> {
  const format = formats.find(({ index, single }) => has(files, single) || has(files, index))
  if (format === undefined) {
    const wanted = formats.flatMap(({ index, single }) => [single, index]).join(", ")
    const found = files.entries.map((entry) => entry.path).join(", ") || "nothing"
    return yield* new WeightsInvalid({
      file: "the model's folder",
      reason: `it has none of ${wanted} (it has ${found}).`
    })
  }
  const { index, read, single } = format
  const paths = has(files, single) ? [single] : yield* readIndex(files, index)
  const tensors = new Map<string, StoredTensor>()
  for (const path of paths) {
    for (const [name, tensor] of yield* read(files, path)) tensors.set(name, tensor)
  }
  return tensors
})

/** Checks that every tensor a model is computed from is there, in the shape that its config implies. */
export const checkWeights = (
  weights: Weights,
  expected: ReadonlyMap<string, ReadonlyArray<number>>
): Effect.Effect<void, WeightsInvalid> => {
  const folder = "the model's folder"
  for (const [name, shape] of expected) {
    const found = weights.get(name)
    if (found === undefined) {
      return Effect.fail(
        new WeightsInvalid({ file: folder, reason: `tensor "${name}", which config.json implies, is missing.` })
      )
    }
    if (found.shape.length !== shape.length || found.shape.some((size, axis) => size !== shape[axis])) {
      const reason = `tensor "${name}" has shape [${found.shape.join(", ")}], but config.json implies [${shape.join(
        ", "
      )}].`
      return Effect.fail(new WeightsInvalid({ file: found.path, reason }))
    }
  }
  return Effect.void
}
