/** Files from outside the store: found by pattern, named by content, and checked again before a result is kept. */
import * as Effect from "effect/Effect"
import * as path from "node:path"
import type { ExternalFiles } from "../pipeline/Artifact.ts"
import { findFiles } from "../source/files.ts"
import type { SourceFailure } from "../source/Errors.ts"
import type { StoreFailure } from "../store/Errors.ts"
import { Store } from "../store/Store.ts"
import { compareText, filesDigest, modelDigest, type Resolved, type ResolvedFile } from "./Resolved.ts"

/**
 * Finds and digests the files; those that nobody touched since they were last digested are not read.
 * `root` is the pipeline file's folder. Fails when a pattern finds nothing or a file cannot be read.
 */
export const resolveExternal = (
  root: string,
  files: ExternalFiles,
  as: "files" | "model"
): Effect.Effect<Resolved, SourceFailure | StoreFailure, Store> =>
  Effect.gen(function*() {
    const store = yield* Store
    const folder = path.resolve(root, files.folder)
    const found = yield* findFiles(folder, files.patterns)
    const digests = yield* store.files.digest(found)
    const entries = digests.map((file): ResolvedFile => ({
      path: path.relative(folder, file.path).split(path.sep).join("/"),
      size: file.size,
      digest: file.digest,
      location: file.path,
      stored: null
    })).toSorted((a, b) => compareText(a.path, b.path))
    return as === "model"
      ? { kind: "model", digest: modelDigest(entries, []), base: entries, adapters: [] }
      : { kind: "files", digest: filesDigest(entries), files: entries }
  })

/** Paths of files from outside whose content is no longer what it was when they were resolved. */
export const moved = (
  files: ReadonlyArray<ResolvedFile>
): Effect.Effect<ReadonlyArray<string>, never, Store> =>
  Effect.gen(function*() {
    const store = yield* Store
    const outside = files.filter((file) => file.stored === null)
    const now = yield* Effect.forEach(outside, (file) =>
      store.files.digest([file.location]).pipe(
        Effect.map(([seen]) => seen?.digest === file.digest),
        Effect.orElseSucceed(() => false)
      ))
    return outside.filter((_, index) => now[index] === false).map((file) => file.location)
  })
