/** A file of rows in memory. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { RowFile } from "../../src/source/RowFile.ts"

export const rowFile = (path: string, bytes: Buffer): RowFile<never> => ({
  path,
  size: bytes.length,
  stream: Stream.fromIterable(
    Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, i) => bytes.subarray(i * 1000, (i + 1) * 1000))
  ),
  slice: (offset, length) => Effect.succeed(bytes.subarray(offset, offset + length))
})
