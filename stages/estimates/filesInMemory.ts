/** Files that are yet to be made: some known to the byte, of others the size alone. */
import * as Effect from "effect/Effect"
import type { FilesReader, StageFailure } from "../../src/pipeline/Reader.ts"
import * as Stream from "effect/Stream"
import { NotMade } from "../Errors.ts"

/** A reader of both kinds; reading what has only a size fails. */
export const filesInMemory = (
  contents: { readonly [path: string]: Uint8Array },
  sizes: { readonly [path: string]: number }
): FilesReader => {
  const bytes = (path: string): Effect.Effect<Uint8Array, StageFailure> => {
    const content = contents[path]
    return content === undefined ? Effect.fail(new NotMade({ path })) : Effect.succeed(content)
  }
  return {
    entries: [
      ...Object.entries(contents).map(([path, { length }]) => ({ path, size: length, digest: "" })),
      ...Object.entries(sizes).map(([path, size]) => ({ path, size, digest: "" }))
    ],
    bytes,
    slice: (path, offset, length) => Effect.map(bytes(path), (all) => all.subarray(offset, offset + length)),
    stream: (path) => Stream.fromEffect(bytes(path)),
    location: (path) => path
  }
}
