/** The weights of a model: its folder's tensors, found by name whichever file they are in. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { FilesReader, StageFailure } from "../../pipeline/Reader.ts"
import { WeightsInvalid } from "../Errors.ts"
import { readSafetensors, type StoredTensor } from "./safetensors.ts"

/** Where every tensor of a folder lies. */
export type Weights = ReadonlyMap<string, StoredTensor>

const Index = Schema.fromJsonString(Schema.Struct({ weight_map: Schema.Record(Schema.String, Schema.String) }))
const indexFile = "model.safetensors.index.json"
const singleFile = "model.safetensors"

const has = (files: FilesReader, path: string): boolean => files.entries.some((entry) => entry.path === path)

const readIndex = Effect.fn("readIndex")(function*(
  files: FilesReader
): Effect.fn.Return<ReadonlyArray<string>, WeightsInvalid | StageFailure> {
  const text = new TextDecoder().decode(yield* files.bytes(indexFile))
  const { weight_map } = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Index)(text),
    ({ message }) => new WeightsInvalid({ file: indexFile, reason: `it is not an index of weight files (${message}).` })
  )
  return [...new Set(Object.values(weight_map))].toSorted()
})

/** Finds the tensors of a model folder: one `model.safetensors`, or the files that its index names. */
export const readWeights = Effect.fn("readWeights")(function*(
  files: FilesReader
): Effect.fn.Return<Weights, WeightsInvalid | StageFailure> {
  if (!has(files, indexFile) && !has(files, singleFile)) {
    const found = files.entries.map((entry) => entry.path).join(", ") || "nothing"
    return yield* new WeightsInvalid({
      file: "the model's folder",
      reason: `it has neither ${singleFile} nor ${indexFile} (it has ${found}).`
    })
  }
  const paths = has(files, indexFile) ? yield* readIndex(files) : [singleFile]
  const tensors = new Map<string, StoredTensor>()
  for (const path of paths) {
    for (const [name, tensor] of yield* readSafetensors(files, path)) tensors.set(name, tensor)
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
      const reason = `tensor "${name}" has shape [${found.shape.join(", ")}], but config.json implies [${
        shape.join(", ")
      }].`
      return Effect.fail(new WeightsInvalid({ file: found.path, reason }))
    }
  }
  return Effect.void
}
