/** Files from outside, found by pattern: which they are, and nothing of what is in them. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
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
  Effect.suspend(() => {
    try {
      return Effect.succeed(filesFound(folder, patterns).map(({ path }) => path))
    } catch (cause) {
      return isFindFailure(cause) ? Effect.fail(cause) : Effect.die(cause)
    }
  })

/** A file that was found. */
export interface FoundFile {
  /** Absolute. */
  readonly path: string
  /** What a look at it said, where it was found by its name. */
  readonly stat?: fs.BigIntStats
}

/** The same without an effect, and with what was seen on the way: throws its failure. */
export const filesFound = (folder: string, patterns: ReadonlyArray<string>): ReadonlyArray<FoundFile> => {
  const base = path.resolve(folder)
  const found = patterns.flatMap((pattern) => findPattern(base, pattern))
  if (found.length < 2) return found
  const each = new Map(found.map((file) => [file.path, file]))
  return [...each.values()].sort((a, b) => (a.path < b.path ? -1 : 1))
}

const isFindFailure = (cause: unknown): cause is FindFailure =>
  cause instanceof NothingMatched || cause instanceof NotAFile || cause instanceof FileUnreadable

// Each function below throws its failure: a pattern that names a file is one look at the disk and nothing else.

const findPattern = (folder: string, pattern: string): ReadonlyArray<FoundFile> => {
  const literal = path.resolve(folder, pattern)
  const stat = statOf(literal)
  if (stat !== null && !stat.isDirectory()) return [{ path: regularFile(literal, stat), stat }]
  const found =
    stat === null ? findGlob(folder, pattern) : walk(literal, () => true, { depth: Infinity, hidden: false, above: [] })
  if (found.length === 0) throw new NothingMatched({ folder, pattern })
  return found.map((path) => ({ path }))
}

const magic = /[*?[\]{}]/

/** Walks only from the folder where the glob stops being a plain path, and no deeper than it can match. */
const findGlob = (folder: string, pattern: string): ReadonlyArray<string> => {
  const segments = path.normalize(pattern).split(path.sep)
  const plain = segments.findIndex((segment) => magic.test(segment))
  if (plain === -1) return []
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

const walk = (folder: string, keep: (file: string) => boolean, { above, depth, hidden }: Walk): Array<string> => {
  const here = readable(folder, () => fs.realpathSync.native(folder))
  if (above.includes(here)) return []
  const found: Array<string> = []
  for (const entry of readable(folder, () => fs.readdirSync(folder, { withFileTypes: true }))) {
    if (entry.name.startsWith(".") && !hidden) continue
    const at = path.join(folder, entry.name)
    const kind = entry.isSymbolicLink() ? linked(at, keep) : entry
    if (kind === null) continue
    if (!kind.isDirectory()) {
      if (keep(at)) found.push(regularFile(at, kind))
    } else if (depth > 1) {
      for (const file of walk(at, keep, { depth: depth - 1, hidden, above: [...above, here] })) found.push(file)
    }
  }
  return found
}

/** What a link leads to; null for a link that leads nowhere and is not asked for. */
const linked = (link: string, keep: (file: string) => boolean): fs.BigIntStats | null => {
  const stat = statOf(link)
  if (stat === null && keep(link)) throw new NotAFile({ path: link, found: "a link that leads nowhere" })
  return stat
}

const regularFile = (file: string, kind: fs.BigIntStats | fs.Dirent): string => {
  if (!kind.isFile()) throw new NotAFile({ path: file, found: kindOf(kind) })
  return file
}

const kindOf = (kind: fs.BigIntStats | fs.Dirent): string =>
  kind.isFIFO() ? "a named pipe" : kind.isSocket() ? "a socket" : "a device"

/** What is there, or null where nothing is. */
const statOf = (file: string): fs.BigIntStats | null =>
  readable(file, () => fs.statSync(file, { bigint: true, throwIfNoEntry: false })) ?? null

const readable = <A>(file: string, run: () => A): A => {
  try {
    return run()
  } catch (error) {
    throw new FileUnreadable({ path: file, reason: error instanceof Error ? error.message : String(error) })
  }
}
