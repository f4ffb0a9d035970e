/** Digests of files outside the store, remembered by stat signature so that an unchanged file is hashed once in its life. */
import type * as Effect from "effect/Effect"
import type { Digest } from "./Digest.ts"
import type { StoreFailure } from "./Errors.ts"

export interface FileDigest {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly digest: Digest
}

export interface FileDigests {
  /** Digests of files, in the order asked for; reads only what changed. Fails on a file that is not there. */
  readonly digest: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<FileDigest>, StoreFailure>
}
