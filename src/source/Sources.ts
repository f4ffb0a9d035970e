/** What lies on other machines: known by name, size and digest before a byte of it is here, and fetched when it is read. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { HttpFile, HubFiles } from "../pipeline/Artifact.ts"
import type { ContentDigest } from "./contentDigest.ts"
import type { RemoteFailure } from "./Errors.ts"
import type { Patience } from "./http/request.ts"
import type { CachedFile } from "./hub/cache.ts"
import type { Environment } from "./hub/settings.ts"

/** Files on another machine, as a pipeline names them. */
export type Remote = HubFiles | HttpFile

/** One of them. */
export interface RemoteFile {
  /** Path in the repository, or the last part of the URL. */
  readonly path: string
  /** Bytes; null where nobody knows before the file is here. */
  readonly size: number | null
  readonly digest: ContentDigest
  readonly from:
    | { readonly kind: "hub"; readonly file: CachedFile; readonly revision: string }
    | { readonly kind: "http"; readonly url: string }
}

/** What a lock file came to say otherwise, in one line for people. */
export interface LockChange {
  readonly name: string
  readonly change: string
}

export interface SourcesShape {
  /**
   * The files, as the lock file pins them. What it does not pin yet is asked for, once, and pinned from then on: at the
   * commit or with the digest of now.
   */
  readonly list: (remote: Remote) => Effect.Effect<ReadonlyArray<RemoteFile>, RemoteFailure>
  /** Where the file lies, or will. */
  readonly place: (file: RemoteFile) => Effect.Effect<string>
  /** Where the file lies; it is fetched, and verified, if it is not here. */
  readonly obtain: (file: RemoteFile) => Effect.Effect<string, RemoteFailure>
  /** Removes a file that is not what its digest says. */
  readonly discard: (file: RemoteFile) => Effect.Effect<void, RemoteFailure>
  /**
   * Pins these and nothing else, and says what changed in the lock file. `update` asks for all of them anew; otherwise
   * what is pinned stays.
   */
  readonly lock: (
    remotes: ReadonlyArray<Remote>,
    update: boolean
  ) => Effect.Effect<ReadonlyArray<LockChange>, RemoteFailure>
}

export interface SourcesOptions {
  /** Where pins are kept. */
  readonly lockFile: string
  /** Folder for what URLs give. */
  readonly downloads: string
  readonly environment: Environment
  /** How long to wait for servers; `patience` by default. */
  readonly patience?: Patience
}

export class Sources extends Context.Service<Sources, SourcesShape>()("tanren/source/Sources") {
  /** The code behind it is loaded by the first pipeline that names something on another machine. */
  static readonly layer = (options: SourcesOptions): Layer.Layer<Sources> =>
    Layer.effect(
      this,
      Effect.map(
        Effect.cached(
          Effect.map(
            Effect.promise(() => import("./makeSources.ts")),
            ({ makeSources }) => makeSources(options)
          )
        ),
        (sources): SourcesShape => ({
          list: (remote) => Effect.flatMap(sources, ({ list }) => list(remote)),
          place: (file) => Effect.flatMap(sources, ({ place }) => place(file)),
          obtain: (file) => Effect.flatMap(sources, ({ obtain }) => obtain(file)),
          discard: (file) => Effect.flatMap(sources, ({ discard }) => discard(file)),
          lock: (remotes, update) => Effect.flatMap(sources, ({ lock }) => lock(remotes, update))
        })
      )
    )
}
