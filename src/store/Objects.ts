/** Immutable blobs, each named by the sha256 of its bytes and verified before it is believed. */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Digest } from "./Digest.ts"
import type { StoreFailure } from "./Errors.ts"
import type { ObjectRef } from "./ObjectRef.ts"

export interface Objects {
  /** Where an object of this digest lies, if it is there. */
  readonly path: (digest: Digest) => string
  /** A fresh path on the store's disk for a writer that streams; whatever is left there goes with the scope. */
  readonly temporary: Effect.Effect<string, StoreFailure, Scope.Scope>
  /** Moves a finished temporary file into the store: durable and visible at once, or not at all. */
  readonly commit: (temporary: string) => Effect.Effect<ObjectRef, StoreFailure>
  readonly putBytes: (bytes: Uint8Array) => Effect.Effect<ObjectRef, StoreFailure>
  /**
   * Takes in a file from outside. `copy` shares blocks where the file system can; `link` makes a hard link where the
   * file system can and copies elsewhere. A file that changes while it is taken in is a failure.
   */
  readonly putFile: (path: string, how: "copy" | "link") => Effect.Effect<ObjectRef, StoreFailure>
  /**
   * Whether the object is there and intact. `stat` believes a file that nobody wrote to since it was last hashed;
   * `content` reads all of it, once per process. An altered object is moved away: it is a miss from then on.
   */
  readonly verify: (ref: ObjectRef, depth: "stat" | "content") => Effect.Effect<boolean, StoreFailure>
  readonly read: (digest: Digest) => Effect.Effect<Uint8Array, StoreFailure>
}
