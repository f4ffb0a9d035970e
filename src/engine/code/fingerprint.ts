/** The fingerprint of a stage's code: a digest over the declarations that its function reaches, wherever they stand. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { CodeCache } from "./CodeCache.ts"
import type { CodeFailure } from "./Errors.ts"
import { analysisVersion } from "./ModuleAnalysis.ts"
import { holds, openView, sightsOf, type View, watched } from "./View.ts"

/** A declaration in a fingerprint, by which a change of code is named. */
export interface FingerprintedDeclaration {
  /** Path relative to the folder of the nearest package.json; takes no part in the digest. */
  readonly module: string
  readonly name: string
  /** sha256 in hex over its text and the names that its references stand for. */
  readonly hash: string
  /** Its minified text, where it is short enough to show. */
  readonly text?: string
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

/** A stage by the URL of the file that declares it, and its name there. */
export interface StageName {
  readonly module: string
  readonly name: string
}

/**
 * Fingerprints the stage that the file `module` (a file URL) declares at its top level under `name`. The digest stands
 * for the declarations reached and the versions of packages; comments, layout, types, the names and places of files,
 * the order of declarations and whatever is not reached take no part.
 *
 * A module counts as reached when a declaration of it is, or when a reached module imports it for its effects alone;
 * then its top-level statements count too. Fails where code cannot be followed by reading it.
 *
 * Nothing is read where everything that was asked of the file system last time has the same answer in the view, absent
 * files included.
 */
export const fingerprint = (stage: StageName, view: View = openView()): Effect.Effect<Fingerprint, CodeFailure> =>
  Effect.gen(function* () {
    const { fingerprints } = yield* CodeCache
    const key = createHash("sha256")
      .update(JSON.stringify([analysisVersion, stage.module, stage.name]))
      .digest("hex")
    const kept = fingerprints.get(key)
    if (kept !== undefined && holds(kept.sights, view)) return kept.fingerprint
    const watch = watched(view)
    // Loaded here, for unchanged code is not read.
    const { takeFingerprint } = yield* Effect.promise(() => import("./takeFingerprint.ts"))
    const fingerprint = yield* takeFingerprint(stage, watch.view)
    const sights = sightsOf(watch.seen)
    if (sights !== null) fingerprints.put(key, { fingerprint, sights })
    return fingerprint
  })
