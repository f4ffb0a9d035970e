/** Immutable blobs, each named by the sha256 of its bytes and verified before it is believed. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as fs from "node:fs"
import { dirname, join } from "node:path"
import { Digest, digestOf } from "./Digest.ts"
import { attempt, attemptAsync, type Folders, hashFile, ifAllowed, unlessMissing } from "./disk.ts"
import type { Sync } from "./durable.ts"
import type { StoreFailure } from "./Errors.ts"
import type { FileDigests } from "./FileDigests.ts"
import { uniqueName } from "./Holder.ts"
import { type ObjectRef, signatureOf, type StatSignature } from "./ObjectRef.ts"

export interface Objects {
  /** Where an object of this digest lies, if it is there. */
  readonly path: (digest: Digest) => string
  /** A fresh path on the store's disk for a writer that streams; whatever is left there goes with the scope. */
  readonly temporary: Effect.Effect<string, StoreFailure, Scope.Scope>
  /**
   * Moves a finished temporary file into the store: visible whole, or not at all. It is durable once `settle` is done,
   * which every record that refers to it waits for.
   */
  readonly commit: (temporary: string) => Effect.Effect<ObjectRef, StoreFailure>
  readonly putBytes: (bytes: Uint8Array) => Effect.Effect<ObjectRef, StoreFailure>
  /** Makes objects durable; those that this process did not place are so already. */
  readonly settle: (digests: ReadonlyArray<Digest>) => Effect.Effect<void, StoreFailure>
  /**
   * Whether the object is there and intact. `stat` believes a file that nobody wrote to since it was last hashed;
   * `content` reads all of it, once per process. An altered object is removed: it is a miss from then on.
   */
  readonly verify: (ref: ObjectRef, depth: "stat" | "content") => Effect.Effect<boolean, StoreFailure>
  /** The same answer where a stat gives it; null where the object has to be read. Throws what the disk says. */
  readonly glance: (ref: ObjectRef, depth: "stat" | "content") => boolean | null
  readonly read: (digest: Digest) => Effect.Effect<Uint8Array, StoreFailure>
}

/** An object as it lies in its folder. */
export interface Stored {
  readonly digest: Digest
  readonly stat: fs.BigIntStats
}

/** Every object of a store. */
export const listObjects = (folders: Folders): ReadonlyArray<Stored> =>
  fs.readdirSync(folders.objects).flatMap((prefix) =>
    fs.readdirSync(join(folders.objects, prefix)).flatMap((rest) => {
      const stat = unlessMissing(() => fs.statSync(join(folders.objects, prefix, rest), { bigint: true }))
      const isObject = /^[0-9a-f]{64}$/.test(prefix + rest)
      return stat === null || !isObject ? [] : [{ digest: Digest.make(prefix + rest), stat }]
    })
  )

/** Where an object lies. */
export const objectPath = (folders: Folders, digest: Digest): string =>
  `${folders.objects}/${digest.slice(0, 2)}/${digest.slice(2)}`

export const makeObjects = (folders: Folders, files: FileDigests, sync: Sync): Objects => {
  /** What this process has hashed itself: digest to the signature that its file had then. */
  const hashed = new Map<Digest, StatSignature>()
  /** What has to be synced before an object placed by this process is durable. */
  const unsettled = new Map<Digest, ReadonlyArray<string>>()
  const path = (digest: Digest): string => objectPath(folders, digest)

  const temporary = Effect.acquireRelease(
    Effect.sync(() => join(folders.temporary, uniqueName())),
    (file) => Effect.sync(() => ifAllowed(() => fs.rmSync(file, { force: true })))
  )

  /** An object that was there already is replaced by its equal: intact without a look, and young for the collector. */
  const place = (file: string, digest: Digest): ObjectRef => {
    const target = path(digest)
    const isNew = fs.mkdirSync(dirname(target), { recursive: true }) !== undefined
    fs.renameSync(file, target)
    unsettled.set(digest, [target, dirname(target), ...(isNew ? [folders.objects] : [])])
    const stat = fs.statSync(target, { bigint: true })
    const signature = signatureOf(stat)
    hashed.set(digest, signature)
    return { digest, size: Number(stat.size), signature }
  }

  const commit = (file: string): Effect.Effect<ObjectRef, StoreFailure> =>
    attemptAsync("store an object", file, async () => {
      fs.chmodSync(file, 0o444)
      return place(file, await hashFile(file))
    })

  const putBytes = (bytes: Uint8Array): Effect.Effect<ObjectRef, StoreFailure> =>
    Effect.scoped(
      Effect.flatMap(temporary, (file) =>
        attempt("write an object", file, () => {
          fs.writeFileSync(file, bytes, { flag: "wx", mode: 0o444 })
          return place(file, digestOf(bytes))
        })
      )
    )

  const settle = (digests: ReadonlyArray<Digest>): Effect.Effect<void, StoreFailure> =>
    attemptAsync("make an object durable", folders.objects, async () => {
      const waiting = digests.filter((digest) => unsettled.has(digest))
      await Promise.all(waiting.flatMap((digest) => unsettled.get(digest) ?? []).map(sync))
      for (const digest of waiting) unsettled.delete(digest)
    })

  /** What a stat tells: false and true are answers, a signature is that of a file which has to be hashed. */
  const look = ({ digest, signature }: ObjectRef, depth: "stat" | "content"): boolean | StatSignature => {
    const stat = fs.statSync(path(digest), { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) return false
    const seen = signatureOf(stat)
    return hashed.get(digest) === seen || (depth === "stat" && signature === seen) || seen
  }

  const examine = (
    digest: Digest,
    depth: "stat" | "content",
    seen: StatSignature
  ): Effect.Effect<boolean, StoreFailure> =>
    Effect.gen(function* () {
      const found =
        depth === "stat"
          ? (yield* files.digest([path(digest)]))[0]?.digest
          : yield* attemptAsync("read an object", path(digest), () => hashFile(path(digest)))
      if (found === digest) hashed.set(digest, seen)
      // A store that may not be written to keeps the damaged file, which stays a miss.
      else ifAllowed(() => fs.rmSync(path(digest), { force: true }))
      return found === digest
    })

  const verify = (ref: ObjectRef, depth: "stat" | "content"): Effect.Effect<boolean, StoreFailure> =>
    Effect.flatMap(
      attempt("look at an object", path(ref.digest), () => look(ref, depth)),
      (seen) => (typeof seen === "boolean" ? Effect.succeed(seen) : examine(ref.digest, depth, seen))
    )

  const glance = (ref: ObjectRef, depth: "stat" | "content"): boolean | null => {
    const seen = look(ref, depth)
    return typeof seen === "boolean" ? seen : null
  }

  const read = (digest: Digest): Effect.Effect<Uint8Array, StoreFailure> =>
    attemptAsync("read an object", path(digest), () => fs.promises.readFile(path(digest)))

  return { path, temporary, commit, putBytes, settle, verify, glance, read }
}
