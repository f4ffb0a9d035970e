/** Files from outside, found by pattern: which they are, and nothing of what is in them. */
import * as Effect from "effect/Effect"
import type { Dirent, Stats } from "node:fs"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { FileUnreadable, NotAFile, NothingMatched } from "./Errors.ts"

export type FindFailure = NothingMatched | NotAFile | FileUnreadable

/**
 * Absolute paths of the regular files that the patterns find inside a folder, each once, in the order of their UTF-16
 * code units, so that no file system's order shows.
 *
 * A pattern is the path of a file, the path of a folder (every file in it, at any depth), or a glob of `*`, `?`, `[]`,
 * `{}` and `**`. What exists under the pattern's very name wins, so names with brackets need no escape. Names
 * that begin with a dot are passed over unless the pattern has such a name. Links are followed, but not back to a
 * folder above.
 *
 * Fails when a pattern finds no file, when it finds something that is no regular file, and when a folder on the way
 * cannot be listed.
 */
export const findFiles = (
  folder: string,
  patterns: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>, FindFailure> =>
  Effect.forEach(patterns, (pattern) => findPattern(path.resolve(folder), pattern)).pipe(
    Effect.map((found) => [...new Set(found.flat())].sort())
  )

const findPattern = Effect.fnUntraced(function* (
  folder: string,
  pattern: string
): Effect.fn.Return<ReadonlyArray<string>, FindFailure> {
  const literal = path.resolve(folder, pattern)
  const stat = yield* statOf(literal)
  const found =
    stat === null
      ? yield* findGlob(folder, pattern)
      : stat.isDirectory()
        ? yield* walk(literal, () => true, { depth: Infinity, hidden: false, above: [] })
        : [yield* regularFile(literal, stat)]
  return found.length === 0 ? yield* new NothingMatched({ folder, pattern }) : found
})

const magic = /[*?[\]{}]/

/** Walks only from the folder where the glob stops being a plain path, and no deeper than it can match. */
const findGlob = (folder: string, pattern: string): Effect.Effect<ReadonlyArray<string>, FindFailure> => {
  const segments = path.normalize(pattern).split(path.sep)
  const plain = segments.findIndex((segment) => magic.test(segment))
  if (plain === -1) return Effect.succeed([])
  const base = path.resolve(folder, ...segments.slice(0, plain).map((segment) => segment || path.sep))
  const glob = segments.slice(plain).join(path.sep)
  return walk(base, (file) => path.matchesGlob(path.relative(base, file), glob), {
    depth: glob.includes("**") ? Infinity : segments.length - plain,
    hidden: segments.slice(plain).some((segment) => segment.startsWith(".")),
    above: []
  })
}

interface Walk {
  /** How many levels of folders are still to be listed. */
  readonly depth: number
  readonly hidden: boolean
  /** Real paths of the folders on the way here. */
  readonly above: ReadonlyArray<string>
}

const walk = Effect.fnUntraced(function* (
  folder: string,
  keep: (file: string) => boolean,
  { above, depth, hidden }: Walk
): Effect.fn.Return<ReadonlyArray<string>, NotAFile | FileUnreadable> {
  const here = yield* attempt(folder, () => fs.realpath(folder))
  if (above.includes(here)) return []
  const found: Array<string> = []
  for (const entry of yield* attempt(folder, () => fs.readdir(folder, { withFileTypes: true }))) {
    if (entry.name.startsWith(".") && !hidden) continue
    const at = path.join(folder, entry.name)
    const kind = entry.isSymbolicLink() ? yield* linked(at, keep) : entry
    if (kind === null) continue
    if (!kind.isDirectory()) {
      if (keep(at)) found.push(yield* regularFile(at, kind))
    } else if (depth > 1) {
      found.push(...(yield* walk(at, keep, { depth: depth - 1, hidden, above: [...above, here] })))
    }
  }
  return found
})

/** What a link leads to; null for a link that leads nowhere and is not asked for. */
const linked = (
  link: string,
  keep: (file: string) => boolean
): Effect.Effect<Stats | null, NotAFile | FileUnreadable> =>
  Effect.flatMap(statOf(link), (stat) =>
    stat === null && keep(link)
      ? new NotAFile({ path: link, found: "a link that leads nowhere" })
      : Effect.succeed(stat)
  )

const regularFile = (file: string, kind: Stats | Dirent): Effect.Effect<string, NotAFile> =>
  kind.isFile() ? Effect.succeed(file) : new NotAFile({ path: file, found: kindOf(kind) })

const kindOf = (kind: Stats | Dirent): string =>
  kind.isFIFO() ? "a named pipe" : kind.isSocket() ? "a socket" : "a device"

const absent = new Set(["ENOENT", "ENOTDIR"])

/** What is there, or null where nothing is. */
const statOf = (file: string): Effect.Effect<Stats | null, FileUnreadable> =>
  attempt(file, () =>
    fs.stat(file).catch((error: NodeJS.ErrnoException) => {
      if (absent.has(error.code ?? "")) return null
      throw error
    })
  )

const attempt = <A>(file: string, run: () => Promise<A>): Effect.Effect<A, FileUnreadable> =>
  Effect.tryPromise({
    try: run,
    catch: (error) => new FileUnreadable({ path: file, reason: error instanceof Error ? error.message : String(error) })
  })
