/** The fingerprint of a stage's code: a digest over the declarations that its function reaches, wherever they stand. */
import * as Effect from "effect/Effect"
import type { CodeFailure } from "./Errors.ts"

/** A declaration in a fingerprint, by which a change of code is named. */
export interface FingerprintedDeclaration {
  /** Path relative to the folder of the nearest package.json; takes no part in the digest. */
  readonly module: string
  readonly name: string
  /** sha256 in hex over its text and the names that its references stand for. */
  readonly hash: string
}

export interface Fingerprint {
  /** sha256 in hex. */
  readonly digest: string
  /** Every declaration reached, by module and name. */
  readonly declarations: ReadonlyArray<FingerprintedDeclaration>
  /** "name@version" of every package reached, and the names of Node's own modules ("node:fs"). */
  readonly packages: ReadonlyArray<string>
  /** The files read, absolute, with the time of their last change: code loaded before that time is not this code. */
  readonly modules: ReadonlyArray<{ readonly path: string; readonly modifiedMs: number }>
}

/** Fingerprints the stage that the file `module` (a file URL) declares at its top level under `name`. */
export const fingerprint = (
  stage: { readonly module: string; readonly name: string }
): Effect.Effect<Fingerprint, CodeFailure> => Effect.die(`internal: no fingerprint of ${stage.name} yet`)
