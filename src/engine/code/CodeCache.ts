/** Where findings about code are kept between processes, so that a plan over unchanged code parses nothing. */
import * as Context from "effect/Context"
import type { Fingerprint } from "./fingerprint.ts"
import type { ModuleAnalysis } from "./ModuleAnalysis.ts"
import type { Sights } from "./View.ts"

/** Findings by a sha256 (hex) over the version of the analysis and what was analysed; they are plain JSON. */
export interface Shelf<A> {
  readonly get: (key: string) => A | undefined
  readonly put: (key: string, finding: A) => void
}

/** A fingerprint, and everything that the file system was asked for to take it. */
export interface KeptFingerprint {
  readonly fingerprint: Fingerprint
  readonly sights: Sights
}

const empty = { get: () => undefined, put: () => {} }

/** Keeps nothing by default. */
export const CodeCache = Context.Reference<{
  /** By module text. */
  readonly analyses: Shelf<ModuleAnalysis>
  /** By stage; good while its sights hold. */
  readonly fingerprints: Shelf<KeptFingerprint>
  /** Canonical texts of functions that are closed, by source text. */
  readonly closedTexts: Shelf<string>
}>("tanren/engine/code/CodeCache", {
  defaultValue: () => ({ analyses: empty, fingerprints: empty, closedTexts: empty })
})
