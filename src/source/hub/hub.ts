/** Repositories on the Hub: pinned by asking it, or what others learned of it; fetched into the cache that all share. */
import * as Effect from "effect/Effect"
import type { HubFiles } from "../../pipeline/Artifact.ts"
import { digestOfEtag } from "../contentDigest.ts"
import { DiskRefused, Offline, type RemoteFailure, SourceChanged } from "../Errors.ts"
import { download } from "../http/download.ts"
import type { Patience } from "../http/request.ts"
import type { LockedCommit } from "../lock/LockFile.ts"
import { commitOf, filesOf } from "./api.ts"
import {
  blobPath,
  type CachedFile,
  findCached,
  knownCommit,
  knownListing,
  leasesFolder,
  rememberCommit,
  showInSnapshot
} from "./cache.ts"
import { checkRevision, filePath, isCommit, revisionName } from "./Repository.ts"
import type { HubSettings } from "./settings.ts"

const inCache = <A>(settings: HubSettings, run: () => Promise<A>): Effect.Effect<A, DiskRefused> =>
  Effect.tryPromise({
    try: run,
    catch: (error) =>
      new DiskRefused({ path: settings.cache, reason: error instanceof Error ? error.message : String(error) })
  })

/** Asks what a revision is now: its commit, and every file of that. Offline, what the cache knows. */
export const learnRevision = (
  wanted: HubFiles,
  settings: HubSettings,
  patience: Patience
): Effect.Effect<LockedCommit, RemoteFailure> =>
  Effect.gen(function* () {
    yield* checkRevision(wanted)
    const { cache, offline } = settings
    const commit = isCommit(wanted.revision)
      ? wanted.revision
      : offline
        ? yield* inCache(settings, () => knownCommit(cache, wanted))
        : yield* commitOf(wanted, settings, patience)
    if (commit === null) return yield* new Offline({ what: `The commit of ${revisionName(wanted)}` })
    const at = { repository: wanted.repository, id: wanted.id, commit }
    // A commit never changes: what is known of it need not be asked.
    const known = yield* inCache(settings, () => knownListing(cache, at))
    if (known !== null) return { commit, files: known }
    if (offline) return yield* new Offline({ what: `The list of files of ${revisionName(wanted)}` })
    return { commit, files: yield* filesOf(at, settings, patience) }
  })

/** Holds what the server says of a file against what is pinned. */
const inspect = (file: CachedFile) => (headers: Headers) => {
  const what = `${file.path} of ${revisionName({ ...file, revision: file.commit })}`
  const commit = headers.get("x-repo-commit")
  if (commit !== null && commit !== file.commit) {
    throw new SourceChanged({ what, property: "commit", expected: file.commit, found: commit })
  }
  const etag = headers.get("x-linked-etag") ?? headers.get("etag")
  const found = etag === null ? null : digestOfEtag(etag)
  if (found !== null && found !== file.digest) {
    throw new SourceChanged({ what, property: "etag", expected: file.digest, found })
  }
}

/** Where a file's bytes lie: in the cache, whoever brought them, or else fetched into it. */
export const obtainCached = (
  file: CachedFile,
  revision: string,
  settings: HubSettings,
  patience: Patience
): Effect.Effect<string, RemoteFailure> =>
  Effect.gen(function* () {
    const { cache, endpoint, offline } = settings
    const place = yield* inCache(settings, () => findCached(cache, file))
    if (place === null) {
      if (offline) {
        return yield* new Offline({ what: `${file.path} of ${revisionName({ ...file, revision: file.commit })}` })
      }
      yield* download(
        {
          request: { url: `${endpoint}${filePath(file, file.path)}`, credentials: settings.credentials() },
          target: blobPath(cache, file),
          leases: leasesFolder(cache),
          size: file.size,
          digest: file.digest,
          inspect: inspect(file)
        },
        patience
      )
    }
    return yield* inCache(settings, async () => {
      if (place !== null && place !== blobPath(cache, file)) return place
      await showInSnapshot(cache, file)
      if (revision !== file.commit) await rememberCommit(cache, { ...file, revision }, file.commit)
      return (await findCached(cache, file)) ?? blobPath(cache, file)
    })
  })
