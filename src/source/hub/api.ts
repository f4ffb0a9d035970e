/** What the Hub tells about a repository: the commit behind a revision, and the files of a commit with their digests. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type ContentDigest, gitDigest } from "../contentDigest.ts"
import { NotOnHub, RequestFailed, type RemoteFailure } from "../Errors.ts"
import { ask, type Patience, persist, type Request, shownUrl } from "../http/request.ts"
import { checkNames } from "../names.ts"
import { apiPath, type Commit, type Revision, revisionName } from "./Repository.ts"
import type { HubSettings } from "./settings.ts"

/** A file of a commit. */
export interface ListedFile {
  /** Bytes. */
  readonly size: number
  readonly digest: ContentDigest
}

/** Path to file. */
export type Listing = { readonly [path: string]: ListedFile }

const RevisionInfo = Schema.Struct({ sha: Schema.String.check(Schema.isPattern(/^[0-9a-f]{40}$/)) })

const TreePage = Schema.Array(
  Schema.Struct({
    type: Schema.String,
    path: Schema.String,
    oid: Schema.String,
    size: Schema.Int,
    lfs: Schema.optionalKey(
      Schema.NullOr(Schema.Struct({ oid: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)), size: Schema.Int }))
    )
  })
)

/** Refusals that concern the repository, not the server. */
const refusals = new Set([401, 403, 404])

const readJson = <A>(
  what: string,
  request: Request,
  schema: Schema.Codec<A, unknown>,
  settings: HubSettings,
  patience: Patience
): Effect.Effect<{ readonly value: A; readonly headers: Headers }, RemoteFailure> =>
  Effect.gen(function* () {
    const { headers, text } = yield* persist(
      ask(request, patience.silence, async ({ response }) => ({
        headers: response.headers,
        text: await response.text()
      })),
      patience
    ).pipe(
      Effect.catchTag("RequestFailed", (failure): Effect.Effect<never, RequestFailed | NotOnHub> => {
        const { reason, status } = failure
        return status !== null && refusals.has(status)
          ? Effect.fail(new NotOnHub({ what, endpoint: settings.endpoint, status, reason }))
          : Effect.fail(failure)
      })
    )
    const value = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(text).pipe(
      Effect.mapError(
        ({ message }) =>
          new RequestFailed({
            url: shownUrl(request.url),
            status: 200,
            reason: `no such answer: ${message}`,
            again: null
          })
      )
    )
    return { value, headers }
  })

/** The commit that a revision is now. */
export const commitOf = (
  revision: Revision,
  settings: HubSettings,
  patience: Patience
): Effect.Effect<string, RemoteFailure> =>
  Effect.map(
    readJson(
      revisionName(revision),
      {
        url: `${settings.endpoint}${apiPath(revision)}/revision/${encodeURIComponent(revision.revision)}`,
        credentials: settings.credentials()
      },
      RevisionInfo,
      settings,
      patience
    ),
    ({ value }) => value.sha
  )

/** Where the next page of a listing is; null after the last. */
const nextPage = (headers: Headers, url: string): string | null => {
  const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(headers.get("link") ?? "")?.[1]
  return next === undefined ? null : new URL(next, url).href
}

/** Every file of a commit, however many pages they fill. */
export const filesOf = (
  commit: Commit,
  settings: HubSettings,
  patience: Patience
): Effect.Effect<Listing, RemoteFailure> =>
  Effect.gen(function* () {
    const what = revisionName({ ...commit, revision: commit.commit })
    const listing: Record<string, ListedFile> = {}
    let url: string | null = `${settings.endpoint}${apiPath(commit)}/tree/${commit.commit}?recursive=true`
    while (url !== null) {
      const request: Request = { url, credentials: settings.credentials() }
      const page: { readonly value: typeof TreePage.Type; readonly headers: Headers } = yield* readJson(
        what,
        request,
        TreePage,
        settings,
        patience
      )
      for (const { lfs, oid, path, size, type } of page.value) {
        if (type !== "file") continue
        listing[path] = lfs == null ? { size, digest: gitDigest(oid) } : { size: lfs.size, digest: lfs.oid }
      }
      url = nextPage(page.headers, url)
    }
    yield* checkNames(what, Object.keys(listing))
    return listing
  })
