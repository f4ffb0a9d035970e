/** Files behind URLs: pinned by what they give, kept under their digest, fetched once. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import type { ContentDigest } from "../contentDigest.ts"
import { Offline, type RemoteFailure, RequestFailed } from "../Errors.ts"
import { disk, download } from "./download.ts"
import { type Patience, type Request, shownUrl } from "./request.ts"

/** Where the file of a digest lies. */
export const downloadedPath = (downloads: string, digest: ContentDigest): string => path.join(downloads, digest)

/** Where processes say what they fetch or pin. */
export const leasesIn = (downloads: string): string => path.join(downloads, "leases")

/** A request without credentials: neither a token nor a name and password in the URL. */
const requestOf = (url: string): Effect.Effect<Request, RequestFailed> => {
  const parsed = URL.parse(url)
  const refuse = (reason: string) =>
    Effect.fail(new RequestFailed({ url: parsed === null ? url : shownUrl(url), status: null, reason, again: null }))
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return refuse("it is no http or https address")
  if (parsed.username !== "" || parsed.password !== "") {
    return refuse("it holds a name or password, which would enter the lock file")
  }
  return Effect.succeed({ url, credentials: null })
}

const whileOnline = (url: string, offline: boolean): Effect.Effect<void, Offline> =>
  offline ? Effect.fail(new Offline({ what: shownUrl(url) })) : Effect.void

/** Fetches what the URL gives now, keeps it, and says what it is. */
export const learnUrl = (
  url: string,
  downloads: string,
  offline: boolean,
  patience: Patience
): Effect.Effect<{ readonly size: number; readonly digest: ContentDigest }, RemoteFailure> =>
  Effect.gen(function* () {
    const request = yield* requestOf(url)
    yield* whileOnline(url, offline)
    const name = createHash("sha256").update(url).digest("hex").slice(0, 16)
    const target = path.join(downloads, `url-${name}`)
    // What lies there may be of another day.
    yield* disk(target, () => fs.rm(target, { force: true }))
    const digest = yield* download({ request, target, leases: leasesIn(downloads), size: null, digest: null }, patience)
    const { size } = yield* disk(target, () => fs.stat(target))
    yield* disk(target, () => fs.rename(target, downloadedPath(downloads, digest)))
    return { size, digest }
  })

/** Where the bytes lie that the digest says; they are fetched if they are not here. */
export const obtainUrl = (
  file: { readonly url: string; readonly size: number | null; readonly digest: ContentDigest },
  downloads: string,
  offline: boolean,
  patience: Patience
): Effect.Effect<string, RemoteFailure> =>
  Effect.gen(function* () {
    const target = downloadedPath(downloads, file.digest)
    const there = yield* disk(target, () =>
      fs.stat(target).then(
        () => true,
        () => false
      )
    )
    if (there) return target
    const request = yield* requestOf(file.url)
    yield* whileOnline(file.url, offline)
    yield* download({ request, target, leases: leasesIn(downloads), size: file.size, digest: file.digest }, patience)
    return target
  })
