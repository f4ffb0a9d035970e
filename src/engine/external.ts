/** Files from outside the store: found by pattern, named by content, and checked again before a result is kept. */
import * as Effect from "effect/Effect"
import { stat } from "node:fs/promises"
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
  Effect.gen(function* () {
    const store = yield* Store
    const folder = path.resolve(root, files.folder)
    const found = yield* findFiles(folder, files.patterns)
    // Before the digest, so that a file which is written to in between is taken for moved.
    const written = yield* Effect.forEach(found, writtenAt)
    const digests = yield* store.files.digest(found)
    const entries = digests
      .map((file, index): ResolvedFile => ({
        path: path.relative(folder, file.path).split(path.sep).join("/"),
        size: file.size,
        digest: file.digest,
        location: file.path,
        writtenAt: written[index] ?? null
      }))
      .toSorted((a, b) => compareText(a.path, b.path))
    return as === "model"
      ? { kind: "model", digest: modelDigest(entries, []), base: entries, adapters: [] }
      : { kind: "files", digest: filesDigest(entries), files: entries }
  })

/** When a file was last written to, in nanoseconds since 1970; null when it is not there. */
const writtenAt = (path: string): Effect.Effect<bigint | null> =>
  Effect.promise(() =>
    stat(path, { bigint: true }).then(
      ({ mtimeNs }) => mtimeNs,
      () => null
    )
  )

/**
 * Paths of files from outside that were written to since they were resolved. That they say the same as before is no
 * excuse: nobody knows what they said when they were read.
 */
export const moved = (files: ReadonlyArray<ResolvedFile>): Effect.Effect<ReadonlyArray<string>, never, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const outside = files.filter((file) => file.writtenAt !== null)
    const same = yield* Effect.forEach(outside, (file) =>
      Effect.all([writtenAt(file.location), store.files.digest([file.location])]).pipe(
        Effect.map(([written, [now]]) => written === file.writtenAt && now?.digest === file.digest),
        Effect.orElseSucceed(() => false)
      )
    )
    return outside.filter((_, index) => same[index] === false).map((file) => file.location)
  })
