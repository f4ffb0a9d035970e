/** The files of a folder, as a stage would be given them: no more is read than is asked for. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from "node:fs"
import { join } from "node:path"
import type { FilesReader } from "../../src/pipeline/Reader.ts"

const part = (path: string, offset: number, length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length)
  const file = openSync(path, "r")
  try {
    return bytes.subarray(0, readSync(file, bytes, 0, length, offset))
  } finally {
    closeSync(file)
  }
}

export const folderFiles = (folder: string): FilesReader => {
  const bytes = (path: string) => new Uint8Array(readFileSync(join(folder, path)))
  return {
    entries: readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => ({ path: name, size: statSync(join(folder, name)).size, digest: "" })),
    bytes: (path) => Effect.sync(() => bytes(path)),
    slice: (path, offset, length) => Effect.sync(() => part(join(folder, path), offset, length)),
    stream: (path) => Stream.sync(() => bytes(path)),
    location: (path) => join(folder, path)
  }
}
