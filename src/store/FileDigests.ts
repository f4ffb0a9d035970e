/** Digests of files, remembered by stat signature so that an unchanged file is hashed once in its life. */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { join, resolve, sep } from "node:path"
import { parseJson } from "./canonicalJson.ts"
import { isOfLines } from "./cuts.ts"
import { type Digest, trustedDigest } from "./Digest.ts"
import { attempt, attemptAsync, type Folders, hashFile, ifAllowed, replaceFile } from "./disk.ts"
import { StoreFailure } from "./Errors.ts"
import { uniqueName } from "./Holder.ts"
import type { Section } from "./sections.ts"

export interface FileDigest {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly digest: Digest
  /** When it was last written to before it was hashed, in nanoseconds since 1970. */
  readonly writtenAt: bigint
}

export interface FileDigests {
  /** Digests of files, in the order asked for; reads only what changed. Fails on a file that is not there. */
  readonly digest: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<FileDigest>, StoreFailure>
  /**
   * The same of files that need not be read: null where one does. `stat` is a look of just now. Throws what the disk says.
   */
  readonly recall: (
    files: ReadonlyArray<{ readonly path: string; readonly stat?: fs.BigIntStats }>
  ) => ReadonlyArray<FileDigest> | null
  /** The sections of a file of lines; reads it, unless it was cut by this process and nobody wrote to it since. */
  readonly sections: (path: string) => Effect.Effect<ReadonlyArray<Section>, StoreFailure>
  /** Writes down what was found out, for other processes; what took long to find out is written down at once. */
  readonly keep: Effect.Effect<void>
  /** Forgets the files that are gone. */
  readonly prune: Effect.Effect<void, StoreFailure>
}

/** Bytes: to hash so many again costs more than to write down that it was done. */
const costly = 1 << 26

/**
 * Milliseconds: a file that changed less than this before it was hashed may change again within its clock's tick. A time that has
 * parts of a millisecond comes from a clock that ticks a hundred times a second or more.
 */
const racyOf = ({ mtimeNs }: fs.BigIntStats): number => (mtimeNs % 1_000_000n === 0n ? 2_000 : 100)

/** Path to what a stat of the file said, and digest. */
type Memory = Map<string, { readonly seen: string; readonly digest: Digest }>

/** Changes with every write. A link to the file, such as the runtime makes to weights, leaves it as it is. */
const writtenOf = ({ dev, ino, mtimeNs, size }: fs.BigIntStats): string => `${size} ${ino} ${mtimeNs} ${dev}`

export const makeFileDigests = (folders: Folders): FileDigests => {
  const file = join(folders.root, "file-digests")
  const objects = folders.objects + sep
  let loaded: Memory | null = null
  const sectioned = new Map<string, { readonly seen: string; readonly sections: ReadonlyArray<Section> }>()
  /** Bytes hashed since the memory was last written down; null where there is nothing new to write. */
  let unkept: number | null = null
  const memory = (): Memory => (loaded ??= load(file))

  /** Others may have added to the file since it was loaded: their entries are kept, this process's win. */
  const save = (keep: (path: string) => boolean): void => {
    const merged = new Map([...load(file), ...memory()].filter(([path]) => keep(path)))
    const lines = [...merged].map(([path, { digest, seen }]) => `${digest} ${seen} ${JSON.stringify(path)}\n`)
    // What cannot be written down is hashed again next time.
    ifAllowed(() => replaceFile(file, join(folders.temporary, uniqueName()), lines.join("")))
    loaded = merged
    unkept = null
  }

  /** An object must not change at all, so there the time of any change counts too: it tells of a write that hid itself. */
  const seenOf = (absolute: string, stat: fs.BigIntStats): string =>
    absolute.startsWith(objects) ? `${writtenOf(stat)} ${stat.ctimeNs}` : writtenOf(stat)

  const stat = (path: string): Effect.Effect<fs.BigIntStats, StoreFailure> =>
    attempt("look at a file", path, () => fs.statSync(path, { bigint: true }))

  /** What is found out about a file that nobody writes to meanwhile. */
  const ofUnchanged = <A>(path: string, before: fs.BigIntStats, found: Effect.Effect<A, StoreFailure>) =>
    Effect.gen(function* () {
      const result = yield* found
      if (writtenOf(before) === writtenOf(yield* stat(path))) return result
      return yield* new StoreFailure({
        operation: "hash a file",
        path,
        code: "CHANGED",
        reason: "something wrote to the file meanwhile"
      })
    })

  /** Cuts a file, and keeps its sections in memory. */
  const cut = (path: string, before: fs.BigIntStats): Effect.Effect<ReadonlyArray<Section>, StoreFailure> =>
    ofUnchanged(
      path,
      before,
      Effect.flatMap(
        Effect.promise(() => import("./sections.ts")),
        ({ sectionsOf }) => attemptAsync("read a file", path, () => sectionsOf(path))
      )
    ).pipe(
      Effect.tap((sections) => Effect.sync(() => sectioned.set(resolve(path), { seen: writtenOf(before), sections })))
    )

  const sections = (path: string): Effect.Effect<ReadonlyArray<Section>, StoreFailure> =>
    Effect.flatMap(stat(path), (found) => {
      const known = sectioned.get(resolve(path))
      return known?.seen === writtenOf(found) ? Effect.succeed(known.sections) : cut(path, found)
    })

  const digestBeside = (path: string): Effect.Effect<Digest, StoreFailure> =>
    Effect.flatMap(
      Effect.promise(() => import("./hashBeside.ts")),
      ({ hashBeside }) => hashBeside(path)
    )

  /** One thread hashes a large file of lines while this one cuts it: its sections are likely to be asked for once it is known. */
  const digestNow = (path: string, before: fs.BigIntStats): Effect.Effect<Digest, StoreFailure> =>
    before.size > costly && isOfLines(path)
      ? Effect.map(
          Effect.all([digestBeside(path), cut(path, before)], { concurrency: "unbounded" }),
          ([digest]) => digest
        )
      : attemptAsync("read a file", path, () => hashFile(path))

  const hash = (path: string): Effect.Effect<FileDigest, StoreFailure> =>
    Effect.gen(function* () {
      const before = yield* stat(path)
      const racy = racyOf(before)
      // What cannot be remembered is hashed at every look: a large file is left alone first until it can.
      const age = Date.now() - Number(before.mtimeMs)
      const wait = age <= racy && before.size > costly ? racy - Math.max(0, age) + 1 : 0
      if (wait > 0) yield* Effect.sleep(wait)
      const digest = yield* ofUnchanged(path, before, digestNow(path, before))
      if (age + wait > racy) {
        const absolute = resolve(path)
        memory().set(absolute, { seen: seenOf(absolute, before), digest })
        unkept = (unkept ?? 0) + Number(before.size)
      }
      return { path, size: Number(before.size), digest, writtenAt: before.mtimeNs }
    })

  const digest = (paths: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<FileDigest>, StoreFailure> =>
    Effect.gen(function* () {
      const known = yield* attempt("look at a file", paths[0] ?? folders.root, () =>
        paths.map((path) => remembered(path))
      )
      if (isWhole(known)) return known
      const all = yield* Effect.forEach(
        paths,
        (path, i) => (known[i] == null ? hash(path) : Effect.succeed(known[i])),
        { concurrency: 4 }
      )
      if (unkept !== null && unkept > costly) yield* keep
      return all
    })

  const keep = Effect.sync(() => (unkept === null ? undefined : save(() => true)))

  const remembered = (
    path: string,
    found: fs.BigIntStats | undefined = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
  ): FileDigest | null => {
    if (found === undefined) return null
    const absolute = resolve(path)
    const entry = memory().get(absolute)
    return entry?.seen === seenOf(absolute, found)
      ? { path, size: Number(found.size), digest: entry.digest, writtenAt: found.mtimeNs }
      : null
  }

  const recall: FileDigests["recall"] = (asked) => {
    const known = asked.map(({ path, stat }) => remembered(path, stat))
    return isWhole(known) ? known : null
  }

  return { digest, recall, sections, keep, prune: Effect.sync(() => save((path) => fs.existsSync(path))) }
}

const isWhole = (known: ReadonlyArray<FileDigest | null>): known is ReadonlyArray<FileDigest> => !known.includes(null)

const line = /^([0-9a-f]{64}) (\d+ \d+ \d+ \d+(?: \d+)?) (".*")$/

/** Reads what was remembered; a line that makes no sense is forgotten. */
const load = (file: string): Memory => {
  const memory: Memory = new Map()
  const text = ifAllowed(() => fs.readFileSync(file, "utf8")) ?? ""
  for (const each of text.split("\n")) {
    const [, digest, seen, path] = line.exec(each) ?? []
    const name: unknown = path === undefined ? undefined : parseJson(path)
    if (digest !== undefined && seen !== undefined && typeof name === "string") {
      memory.set(name, { seen, digest: trustedDigest(digest) })
    }
  }
  return memory
}
