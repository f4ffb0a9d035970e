/** Pins: what a lock file says of something on another machine, and what two of them say differently. */
import * as Effect from "effect/Effect"
import * as path from "node:path"
import type { NothingMatched } from "../Errors.ts"
import { shownUrl } from "../http/request.ts"
import { revisionName } from "../hub/Repository.ts"
import { selectNames } from "../names.ts"
import type { LockChange, Remote, RemoteFile } from "../Sources.ts"
import { emptyLock, type LockFile } from "./LockFile.ts"

/** The part of a lock file that concerns a remote; null where it says nothing. */
export const pinOf = (lock: LockFile, remote: Remote): LockFile | null => {
  if (remote.kind === "hub") {
    const name = revisionName(remote)
    const commit = lock.hub[name]
    return commit === undefined ? null : { ...emptyLock, hub: { [name]: commit } }
  }
  const file = lock.http[remote.url]
  return file === undefined ? null : { ...emptyLock, http: { [remote.url]: file } }
}

/** All that two lock files say; where both speak, the second. */
export const joined = (first: LockFile, second: LockFile): LockFile => ({
  format: 1,
  hub: { ...first.hub, ...second.hub },
  http: { ...first.http, ...second.http }
})

/** The last part of a URL's path, as a file's name; the URL itself where it has none. */
const nameInUrl = (url: string): string => {
  const last = path.posix.basename(URL.parse(url)?.pathname ?? "")
  try {
    return decodeURIComponent(last).replaceAll("/", "_") || url
  } catch {
    return last
  }
}

/** The files behind a remote, if the pipeline or the lock file pins them; null where neither does. */
export const pinnedFiles = (
  lock: LockFile,
  remote: Remote
): Effect.Effect<ReadonlyArray<RemoteFile>, NothingMatched> | null => {
  if (remote.kind === "http") {
    const pin = remote.sha256 === null ? lock.http[remote.url] : { size: null, digest: remote.sha256 }
    const from = { kind: "http", url: remote.url } as const
    return pin === undefined ? null : Effect.succeed([{ path: nameInUrl(remote.url), ...pin, from }])
  }
  const pin = lock.hub[revisionName(remote)]
  if (pin === undefined) return null
  const { id, repository, revision } = remote
  return Effect.map(selectNames(revisionName(remote), Object.keys(pin.files), remote.patterns), (names) =>
    names.flatMap((name): ReadonlyArray<RemoteFile> => {
      const file = pin.files[name]
      if (file === undefined) return []
      const cached = { repository, id, commit: pin.commit, path: name, ...file }
      return [{ path: name, ...file, from: { kind: "hub", file: cached, revision } }]
    })
  )
}

const count = (number: number, word: string): string => `${number} ${word}`

/** "2 files changed, 1 added, 0 removed". */
const fileChanges = (before: LockFile["hub"][string], after: LockFile["hub"][string]): string => {
  const names = [...new Set([...Object.keys(before.files), ...Object.keys(after.files)])]
  const added = names.filter((name) => before.files[name] === undefined).length
  const removed = names.filter((name) => after.files[name] === undefined).length
  const same = names.filter((name) => before.files[name]?.digest === after.files[name]?.digest).length
  return [
    count(names.length - added - removed - same, "files changed"),
    count(added, "added"),
    count(removed, "removed")
  ].join(", ")
}

const short = (digest: string): string => digest.slice(0, 12)

const entryChanges = <A>(
  before: { readonly [name: string]: A },
  after: { readonly [name: string]: A },
  shown: (name: string) => string,
  added: (now: A) => string,
  changed: (then: A, now: A) => string | null
): ReadonlyArray<LockChange> =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((name) => {
    const then = before[name]
    const now = after[name]
    if (now === undefined) return [{ name: shown(name), change: "no longer read" }]
    const change = then === undefined ? added(now) : changed(then, now)
    return change === null ? [] : [{ name: shown(name), change }]
  })

/** What the second lock file says otherwise than the first. */
export const changesBetween = (before: LockFile, after: LockFile): ReadonlyArray<LockChange> => [
  ...entryChanges(
    before.hub,
    after.hub,
    (name) => name,
    ({ commit, files }) => `pinned at ${short(commit)}, ${count(Object.keys(files).length, "files")}`,
    (then, now) =>
      then.commit === now.commit ? null : `${short(then.commit)} → ${short(now.commit)}: ${fileChanges(then, now)}`
  ),
  ...entryChanges(
    before.http,
    after.http,
    shownUrl,
    ({ digest, size }) => `pinned at ${short(digest)}, ${count(size, "bytes")}`,
    (then, now) =>
      then.digest === now.digest
        ? null
        : `${short(then.digest)} → ${short(now.digest)}: ${then.size} → ${count(now.size, "bytes")}`
  )
]
