/** States of unfinished work, one file a key: each takes the place of the one before, so that they fill no disk. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { dirname, join } from "node:path"
import { ActionKey } from "./Digest.ts"
import { attempt, attemptAsync, type Folders, ifAllowed, isErrno, syncFolder, unlessMissing } from "./disk.ts"
import type { StoreFailure } from "./Errors.ts"
import { uniqueName } from "./Holder.ts"

/** Whose state: keys of one lineage do the same work, some of them for longer than others. */
export interface Place {
  readonly lineage: ActionKey
  readonly key: ActionKey
}

/** A state as it lies in its file, by what the file says of itself. */
export interface Kept extends Place {
  /** How far the work was, in the steps of its stage. Null where the file does not say. */
  readonly position: number | null
  /** Bytes of the file. */
  readonly size: number
  /** When it was kept, in milliseconds since 1970. */
  readonly keptAt: number
}

export interface Checkpoints {
  /** Puts a state, given in pieces, in place of the key's last: all of it or nothing, and durable on success. */
  readonly keep: (place: Place, position: number, state: ReadonlyArray<Uint8Array>) => Effect.Effect<void, StoreFailure>
  /** Every state of the store, sorted by lineage and key. */
  readonly all: Effect.Effect<ReadonlyArray<Kept>, StoreFailure>
  /** The states of a lineage that say where they are, the furthest first. */
  readonly of: (lineage: ActionKey) => Effect.Effect<ReadonlyArray<Kept & { readonly position: number }>, StoreFailure>
  /** The state, unless it is damaged, gone, or was replaced since. Memory: all of it. */
  readonly read: (kept: Kept) => Effect.Effect<Uint8Array | null, StoreFailure>
  /** Whether the key's state is what was kept. One that is gone by now is not damaged. */
  readonly verify: (place: Place) => Effect.Effect<boolean, StoreFailure>
  readonly remove: (place: Place) => Effect.Effect<void, StoreFailure>
}

/** A file begins with the digest of all that follows: the position, at a width that holds any, and the state. */
const digestLength = 64
const positionOf = (position: number): string => ` ${String(position).padStart(16)}\n`
const headLength = digestLength + positionOf(0).length
const head = /^([0-9a-f]{64}) +(\d+)\n$/

/** Bytes read at once. */
const pieceLength = 1 << 24

const fileName = /^([0-9a-f]{64})\.([0-9a-f]{64})$/

export const makeCheckpoints = (folders: Folders): Checkpoints => {
  const pathOf = ({ key, lineage }: Place): string => join(folders.checkpoints, `${lineage}.${key}`)

  const look = (name: string): ReadonlyArray<Kept> => {
    const [, lineage, key] = fileName.exec(name) ?? []
    if (lineage === undefined || key === undefined) return []
    const place = { lineage: ActionKey.make(lineage), key: ActionKey.make(key) }
    const found = unlessMissing(() => glance(pathOf(place)))
    return found === null ? [] : [{ ...place, ...found }]
  }

  const list = (starting: string): Effect.Effect<ReadonlyArray<Kept>, StoreFailure> =>
    attempt("list the checkpoints", folders.checkpoints, () =>
      fs
        .readdirSync(folders.checkpoints)
        .filter((name) => name.startsWith(starting))
        .sort()
        .flatMap(look)
    )

  return {
    keep: (place, position, state) =>
      attemptAsync("keep a checkpoint", pathOf(place), () =>
        replace(pathOf(place), join(folders.temporary, uniqueName()), positionOf(position), state)
      ).pipe(Effect.uninterruptible),
    all: list(""),
    of: (lineage) =>
      Effect.map(list(lineage), (kept) =>
        kept
          .flatMap(({ position, ...rest }) => (position === null ? [] : [{ ...rest, position }]))
          .toSorted((a, b) => b.position - a.position)
      ),
    read: (kept) =>
      attemptAsync("read a checkpoint", pathOf(kept), async () => {
        const content = await contentOf(pathOf(kept))
        return content?.position === kept.position ? content.state : null
      }),
    verify: (place) =>
      attemptAsync(
        "read a checkpoint",
        pathOf(place),
        async () => (await contentOf(pathOf(place))) !== null || !fs.existsSync(pathOf(place))
      ),
    remove: (place) => attempt("remove a checkpoint", pathOf(place), () => fs.rmSync(pathOf(place), { force: true }))
  }
}

/** What a file says of itself, believed so far. */
const glance = (path: string): Omit<Kept, keyof Place> => {
  const file = fs.openSync(path, "r")
  try {
    const begin = Buffer.alloc(headLength)
    fs.readSync(file, begin)
    const [, , position] = head.exec(begin.toString("latin1")) ?? []
    const { mtimeMs, size } = fs.fstatSync(file)
    return { position: position === undefined ? null : Number(position), size, keptAt: mtimeMs }
  } finally {
    fs.closeSync(file)
  }
}

const replace = async (
  path: string,
  temporary: string,
  position: string,
  state: ReadonlyArray<Uint8Array>
): Promise<void> => {
  const hash = createHash("sha256").update(position)
  for (const piece of state) hash.update(piece)
  try {
    const file = await fs.promises.open(temporary, "wx", 0o600)
    try {
      await file.writeFile(hash.digest("hex") + position)
      for (const piece of state) await file.writeFile(piece)
      await file.sync()
    } finally {
      await file.close()
    }
    fs.renameSync(temporary, path)
  } catch (cause) {
    ifAllowed(() => fs.rmSync(temporary, { force: true }))
    throw cause
  }
  syncFolder(dirname(path))
}

/** A file's position and state; null where its digest is not that of the rest, or where there is no file. */
const contentOf = async (path: string): Promise<{ readonly position: number; readonly state: Uint8Array } | null> => {
  const file = await fs.promises.open(path, "r").catch(nullIfMissing)
  if (file === null) return null
  try {
    const bytes = Buffer.allocUnsafe((await file.stat()).size)
    const hash = createHash("sha256")
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await file.read(bytes, at, Math.min(pieceLength, bytes.length - at))
      if (bytesRead === 0) return null
      hash.update(bytes.subarray(Math.max(at, digestLength), at + bytesRead))
      at += bytesRead
    }
    const [, digest, position] = head.exec(bytes.toString("latin1", 0, headLength)) ?? []
    return digest === hash.digest("hex") ? { position: Number(position), state: bytes.subarray(headLength) } : null
  } finally {
    await file.close()
  }
}

const nullIfMissing = (cause: unknown): null => {
  if (isErrno(cause, "ENOENT")) return null
  throw cause
}
