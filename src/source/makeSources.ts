/** The live `Sources`: a lock file in front, the Hub's cache and a folder of downloads behind, servers behind those. */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { DiskRefused, type RemoteFailure } from "./Errors.ts"
import { downloadedPath, learnUrl, obtainUrl } from "./http/http.ts"
import { patience as usualPatience } from "./http/request.ts"
import { blobPath, discardCached } from "./hub/cache.ts"
import { learnRevision, obtainCached } from "./hub/hub.ts"
import { revisionName } from "./hub/Repository.ts"
import { hubSettings } from "./hub/settings.ts"
import { emptyLock, type LockFile, readLock, writeLock } from "./lock/LockFile.ts"
import { changesBetween, joined, pinnedFiles, pinOf } from "./lock/pins.ts"
import { rm } from "node:fs/promises"
import type { Remote, SourcesOptions, SourcesShape } from "./Sources.ts"

/** Sources of the pipeline that has this lock file. */
export const makeSources = ({
  downloads,
  environment,
  lockFile,
  patience = usualPatience
}: SourcesOptions): Effect.Effect<SourcesShape> =>
  Effect.gen(function* () {
    const settings = hubSettings(environment)
    /** One at a time changes the lock file. */
    const turn = yield* Semaphore.make(1)

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
          const grown = yield* turn.withPermits(1)(
            Effect.gen(function* () {
              const lock = yield* readLock(lockFile)
              if (pinOf(lock, remote) !== null) return lock
              // Others may have written the file in the meantime; what they pinned stands.
              const learned = yield* learn(remote)
              const both = joined(learned, yield* readLock(lockFile))
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
        Effect.tryPromise({
          try: () =>
            from.kind === "hub"
              ? discardCached(settings.cache, from.file)
              : rm(downloadedPath(downloads, digest), { force: true }),
          catch: (error) => new DiskRefused({ path: digest, reason: String(error) })
        }),

      lock: (remotes, update) =>
        turn.withPermits(1)(
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
  })
