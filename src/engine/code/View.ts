/** A view of the file system: what lay at each path that was asked for, so that the same can be asked again later. */
import { realpathSync, statSync } from "node:fs"

/** A regular file, links followed. */
export interface SeenFile {
  /** "device inode size mtime ctime", times in nanoseconds: equal signatures mean that nobody wrote to the file. */
  readonly signature: string
  readonly realPath: string
  readonly modifiedMs: number
  /** Whether the last change is so long ago that one more within the same tick of the clock cannot have been missed. */
  readonly settled: boolean
}

/** Asks about each path once: what it says belongs to one moment. Null where no regular file lies. */
export interface View {
  readonly see: (path: string) => SeenFile | null
}

/** Path to signature and real path; null where no file lay, for one that appears there can change where code leads. */
export type Sights = { readonly [path: string]: readonly [signature: string, realPath: string] | null }

/** Nanoseconds: a file that changed less than this before it was seen may change again within its clock's tick. */
const racy = 2_000_000_000n

/** Milliseconds with their fraction, as `Stats` of doubles has them. */
const millisecondsOf = (ns: bigint): number => Number(ns / 1_000_000n) + Number(ns % 1_000_000n) / 1e6

/** When a file was last changed; null where none lies. */
export const modifiedMsOf = (path: string): number | null => {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat === undefined ? null : millisecondsOf(stat.mtimeNs)
}

const look = (path: string): SeenFile | null => {
  const now = BigInt(Date.now()) * 1_000_000n
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stat === undefined || !stat.isFile()) return null
  const { ctimeNs, dev, ino, mtimeNs, size } = stat
  return {
    signature: `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`,
    realPath: realpathSync.native(path),
    modifiedMs: millisecondsOf(mtimeNs),
    settled: now - mtimeNs > racy && now - ctimeNs > racy
  }
}

/** A fresh view. */
export const openView = (): View => {
  const seen = new Map<string, SeenFile | null>()
  return {
    see: (path) => {
      const before = seen.get(path)
      if (before !== undefined) return before
      const found = look(path)
      seen.set(path, found)
      return found
    }
  }
}

/** The same view, and a list of what it was asked for. */
export const watched = (view: View): { readonly view: View; readonly seen: ReadonlyMap<string, SeenFile | null> } => {
  const seen = new Map<string, SeenFile | null>()
  return {
    seen,
    view: {
      see: (path) => {
        const found = view.see(path)
        seen.set(path, found)
        return found
      }
    }
  }
}

/** What was seen, to be kept; null while a file is so young that its signature cannot be relied on. */
export const sightsOf = (seen: ReadonlyMap<string, SeenFile | null>): Sights | null =>
  [...seen.values()].every((file) => file === null || file.settled)
    ? Object.fromEntries([...seen].map(([path, file]) => [path, file && [file.signature, file.realPath]]))
    : null

/** Whether a view shows what was kept. */
export const holds = (sights: Sights, view: View): boolean =>
  Object.entries(sights).every(([path, sight]) => {
    const file = view.see(path)
    return sight === null || file === null ? sight === file : file.signature === sight[0] && file.realPath === sight[1]
  })
