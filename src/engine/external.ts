/** What comes from outside the store: found by name, named by content, and checked again before a result is kept. */
import * as Effect from "effect/Effect"
import { type BigIntStats, statSync } from "node:fs"
import * as path from "node:path"
import type { ExternalFiles, Outside } from "../pipeline/Artifact.ts"
import { Progress, type ProgressReport } from "../pipeline/Progress.ts"
import { digestFileLike, isGitDigest } from "../source/contentDigest.ts"
import { filesFound, findFiles } from "../source/files.ts"
import type { SourceFailure } from "../source/Errors.ts"
import { type Remote, Sources } from "../source/Sources.ts"
import type { StoreFailure } from "../store/Errors.ts"
import type { FileDigest, FileDigests } from "../store/FileDigests.ts"
import { Store } from "../store/Store.ts"
import { compareText, filesDigest, modelDigest, type Resolved, type ResolvedFile } from "./Resolved.ts"

/** Files of one artifact that are fetched side by side. */
const fetchesAtOnce = 4

const localFile =
  (folder: string) =>
  (file: FileDigest): ResolvedFile => ({
    path: path.relative(folder, file.path).replaceAll(path.sep, "/"),
    size: file.size,
    digest: file.digest,
    location: file.path,
    writtenAt: file.writtenAt
  })

/** Finds and digests files of this machine; those that nobody touched since they were last digested are not read. */
const localFiles = (root: string, files: ExternalFiles) =>
  Effect.gen(function* () {
    const store = yield* Store
    const folder = path.resolve(root, files.folder)
    const digests = yield* store.files.digest(yield* findFiles(folder, files.patterns))
    return digests.map(localFile(folder))
  })

/** What is pinned of another machine's files: none of them is read, nor need they be here. */
const remoteFiles = (remote: Remote) =>
  Effect.gen(function* () {
    const sources = yield* Sources
    return yield* Effect.forEach(yield* sources.list(remote), (file) =>
      Effect.map(sources.place(file), (location): ResolvedFile => ({
        path: file.path,
        size: file.size ?? 0,
        digest: file.digest,
        location,
        writtenAt: null,
        remote: file
      }))
    )
  })

/**
 * What files from outside are. `root` is the pipeline file's folder. Fails when a pattern finds nothing, a file cannot be read,
 * or a server does not say what it has.
 */
export const resolveExternal = (
  root: string,
  files: Outside,
  as: "files" | "model"
): Effect.Effect<Resolved, SourceFailure | StoreFailure, Store | Sources> =>
  Effect.gen(function* () {
    return artifactOf(yield* files.kind === "external" ? localFiles(root, files) : remoteFiles(files), as)
  })

const artifactOf = (found: ReadonlyArray<ResolvedFile>, as: "files" | "model"): Resolved => {
  const entries = found.toSorted((a, b) => compareText(a.path, b.path))
  return as === "model"
    ? { kind: "model", digest: modelDigest(entries, []), base: entries, adapters: [] }
    : { kind: "files", digest: filesDigest(entries), files: entries }
}

/** The same where a look tells it: null where a file has to be read or a server asked. Throws what stands in the way. */
export const recallExternal = (
  files: FileDigests,
  root: string,
  outside: Outside,
  as: "files" | "model"
): Resolved | null => {
  if (outside.kind !== "external") return null
  const folder = path.resolve(root, outside.folder)
  const digests = files.recall(filesFound(folder, outside.patterns))
  return digests === null ? null : artifactOf(digests.map(localFile(folder)), as)
}

/** The digest that a file has now, of the kind that it had; sha256 is remembered for as long as nobody writes to the file. */
const digestNow = ({ digest, location }: ResolvedFile) =>
  isGitDigest(digest)
    ? Effect.promise(() => digestFileLike(location, digest).catch(() => null))
    : Effect.flatMap(Store, (store) => Effect.map(store.files.digest([location]), ([now]) => now?.digest ?? null))

/** Brings a file here if it is elsewhere, and believes it only when all of it has been read. */
const present = (file: ResolvedFile): Effect.Effect<ResolvedFile, SourceFailure | StoreFailure, Store | Sources> =>
  Effect.gen(function* () {
    const { remote } = file
    if (remote === undefined) return file
    const sources = yield* Sources
    const obtain = Effect.gen(function* () {
      const location = yield* sources.obtain(remote)
      const written = yield* statOf(location)
      const here = { ...file, location, size: Number(written?.size ?? file.size), writtenAt: written?.mtimeNs ?? null }
      return { here, isIntact: (yield* digestNow(here)) === file.digest }
    })
    const first = yield* obtain
    if (first.isIntact) return first.here
    yield* sources.discard(remote)
    const { here, isIntact } = yield* obtain
    return isIntact ? here : yield* Effect.die(`internal: ${here.location} was verified, and is not what it was`)
  })

/** Lets several fetches tell as one how far they are. */
const jointProgress = Effect.map(Progress, ({ report }) => {
  const reports = new Map<ResolvedFile, ProgressReport>()
  const sum = (count: (one: ProgressReport) => number) =>
    [...reports.values()].reduce((all, one) => all + count(one), 0)
  return (file: ResolvedFile): typeof Progress.Service => ({
    report: (one) => {
      reports.set(file, one)
      return report({ done: sum(({ done }) => done), total: sum(({ done, total }) => total ?? done), unit: one.unit })
    }
  })
})

/** The same artifact with all of its files on this machine: what was pinned by name is fetched. */
export const bringHere = (resolved: Resolved): Effect.Effect<Resolved, SourceFailure | StoreFailure, Store | Sources> =>
  Effect.gen(function* () {
    const together = yield* jointProgress
    const all = (files: ReadonlyArray<ResolvedFile>) =>
      Effect.forEach(files, (file) => Effect.provideService(present(file), Progress, together(file)), {
        concurrency: fetchesAtOnce
      })
    switch (resolved.kind) {
      case "table":
      case "value":
        return resolved
      case "files":
        return { ...resolved, files: yield* all(resolved.files) }
      case "model":
        return { ...resolved, base: yield* all(resolved.base), adapters: yield* Effect.forEach(resolved.adapters, all) }
    }
  })

const statOf = (path: string): Effect.Effect<BigIntStats | null> =>
  Effect.sync(() => {
    try {
      return statSync(path, { bigint: true })
    } catch {
      return null
    }
  })

/** When a file was last written to, in nanoseconds since 1970; null when it is not there. */
const writtenAt = (path: string): Effect.Effect<bigint | null> =>
  Effect.map(statOf(path), (found) => found?.mtimeNs ?? null)

/**
 * Paths of files from outside that were written to since they were resolved. That they say the same as before is no
 * excuse: nobody knows what they said when they were read.
 */
export const moved = (files: ReadonlyArray<ResolvedFile>): Effect.Effect<ReadonlyArray<string>, never, Store> =>
  Effect.gen(function* () {
    const outside = files.filter((file) => file.writtenAt !== null)
    const same = yield* Effect.forEach(outside, (file) =>
      Effect.all([writtenAt(file.location), digestNow(file)]).pipe(
        Effect.map(([written, now]) => written === file.writtenAt && now === file.digest),
        Effect.orElseSucceed(() => false)
      )
    )
    return outside.filter((_, index) => same[index] === false).map((file) => file.location)
  })
