/** The size of a file that a model's folder should have. */
import * as Effect from "effect/Effect"
import type { FilesReader } from "../../pipeline/Reader.ts"
import { WeightsInvalid } from "../Errors.ts"

/** Size in bytes; fails for a file that an index names but the folder lacks. */
export const fileSize = (files: FilesReader, path: string): Effect.Effect<number, WeightsInvalid> => {
  const found = files.entries.find((entry) => entry.path === path)
  const names = files.entries.map((entry) => entry.path).join(", ")
  return found === undefined
    ? Effect.fail(new WeightsInvalid({ file: path, reason: `the file is not in the model's folder (${names}).` }))
    : Effect.succeed(found.size)
}
