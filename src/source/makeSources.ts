/** The live `Sources`: a lock file in front, the Hub's cache and a folder of downloads behind, servers behind those. */
import * as Effect from "effect/Effect"
import { mkdir, rm } from "node:fs/promises"
import { keyOf } from "../store/Digest.ts"
import type { StoreFailure } from "../store/Errors.ts"
import { makeLeases } from "../store/Leases.ts"
import type { DiskRefused, RemoteFailure } from "./Errors.ts"
import { disk } from "./http/download.ts"
import { downloadedPath, learnUrl, leasesIn, obtainUrl } from "./http/http.ts"
import { patience as usualPatience } from "./http/request.ts"
import { blobPath, discardCached } from "./hub/cache.ts"
import { learnRevision, obtainCached } from "./hub/hub.ts"
import { revisionName } from "./hub/Repository.ts"
import { hubSettings } from "./hub/settings.ts"
import { emptyLock, type LockFile, readLock, writeLock } from "./lock/LockFile.ts"
import { changesBetween, joined, pinnedFiles, pinOf } from "./lock/pins.ts"
import type { Remote, SourcesOptions, SourcesShape } from "./Sources.ts"

/** Sources of the pipeline that has this lock file. */
export const makeSources = ({
  downloads,
  environment,
  lockFile,
  patience = usualPatience
}: SourcesOptions): SourcesShape => {
  const settings = hubSettings(environment)
  const leases = leasesIn(downloads)
  const lease = makeLeases({ leases }).hold(keyOf(`lock file ${lockFile}`))

  /** One at a time changes the lock file, here and in other processes: who comes second finds what the first has pinned. */
  const inTurn = <A, E>(change: Effect.Effect<A, E>): Effect.Effect<A, E | DiskRefused | StoreFailure> =>
    Effect.scoped(
      disk(leases, () => mkdir(leases, { recursive: true })).pipe(Effect.andThen(lease), Effect.andThen(change))
    )

  /** What a lock file says of a remote that was asked now. */
  const learn = (remote: Remote): Effect.Effect<LockFile, RemoteFailure> =>
    remote.kind === "hub"
      ? Effect.map(learnRevision(remote, settings, patience), (commit) => ({
          ...emptyLock,
          hub: { [revisionName(remote)]: commit }
        }))
      : remote.sha256 === null
        ? Effect.map(learnUrl(remote.url, downloads, settings.offline, patience), (file) => ({
            ...emptyLock,
            http: { [remote.url]: file }
          }))
        : Effect.succeed(emptyLock)

  return {
    list: (remote) =>
      Effect.gen(function* () {
        const known = pinnedFiles(yield* readLock(lockFile), remote)
        if (known !== null) return yield* known
        const grown = yield* inTurn(
          Effect.gen(function* () {
            const lock = yield* readLock(lockFile)
            if (pinOf(lock, remote) !== null) return lock
            const both = joined(lock, yield* learn(remote))
            yield* writeLock(lockFile, both)
            return both
          })
        )
        return yield* pinnedFiles(grown, remote) ?? Effect.die("internal: what was just pinned is not pinned")
      }),

    place: ({ digest, from }) =>
      Effect.succeed(from.kind === "hub" ? blobPath(settings.cache, from.file) : downloadedPath(downloads, digest)),

    obtain: ({ digest, from, size }) =>
      from.kind === "hub"
        ? obtainCached(from.file, from.revision, settings, patience)
        : obtainUrl({ url: from.url, digest, size }, downloads, settings.offline, patience),

    discard: ({ digest, from }) =>
      from.kind === "hub"
        ? disk(settings.cache, () => discardCached(settings.cache, from.file))
        : disk(downloads, () => rm(downloadedPath(downloads, digest), { force: true })),

    lock: (remotes, update) =>
      inTurn(
        Effect.gen(function* () {
          const before = yield* readLock(lockFile)
          let after = emptyLock
          for (const remote of remotes) {
            const pin = pinOf(after, remote) ?? (update ? null : pinOf(before, remote)) ?? (yield* learn(remote))
            after = joined(after, pin)
          }
          yield* writeLock(lockFile, after)
          return changesBetween(before, after)
        })
      )
  }
}
