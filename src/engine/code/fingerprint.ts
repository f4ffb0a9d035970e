/** The fingerprint of a stage's code: a digest over the declarations that its function reaches, wherever they stand. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import { CodeCache } from "./CodeCache.ts"
import { CodeFailure } from "./Errors.ts"
import { merkleHashes, ownHash } from "./merkle.ts"
import { analysisVersion } from "./ModuleAnalysis.ts"
import { type Module, readModule } from "./modules.ts"
import { reach, type ReachedDeclaration } from "./reach.ts"
import { shortPath } from "./resolve.ts"
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
interface StageName {
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
    const fingerprint = yield* take(stage, watch.view)
    const sights = sightsOf(watch.seen)
    if (sights !== null) fingerprints.put(key, { fingerprint, sights })
    return fingerprint
  })

const take = (stage: StageName, view: View): Effect.Effect<Fingerprint, CodeFailure> =>
  Effect.gen(function* () {
    const module = yield* readModule(view, fileURLToPath(stage.module))
    const position = yield* declarationOf(view, module, stage.name)
    const { modules, nodes, packages, root } = yield* reach(view, module, position)
    const own = new Map(nodes.map((node) => [node, ownHash(node)]))
    const hashes = merkleHashes(own)
    const places = new Map(modules.map((module) => [module, shortPath(view, module.path)]))
    const names = [...packages].sort()
    // The root's hash says how everything hangs together, the list that each declaration is there once.
    const digest = createHash("sha256")
      .update(JSON.stringify([hashes.get(root), [...hashes.values()].sort(), names]))
      .digest("hex")
    return {
      digest,
      declarations: [...own]
        .map(([node, hash]) => described(node, places.get(node.module) ?? node.module.path, hash))
        .sort((a, b) => order(a.module, b.module) || order(a.name, b.name)),
      packages: names,
      modules: modules.map(({ modifiedMs, path }) => ({ path, modifiedMs })).sort((a, b) => order(a.path, b.path))
    }
  })

const described = (
  { declaration: { shown }, name }: ReachedDeclaration,
  module: string,
  hash: string
): FingerprintedDeclaration => ({ module, name, hash, ...(shown === null ? {} : { text: shown }) })

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** The position of the one declaration that declares a stage. */
const declarationOf = (view: View, module: Module, name: string): Effect.Effect<number, CodeFailure> => {
  const [found, ...more] = module.analysis.stages.filter((stage) => stage.name === name)
  if (found !== undefined && more.length === 0) return Effect.succeed(found.declaration)
  return Effect.fail(
    new CodeFailure({
      module: shortPath(view, module.path),
      line: null,
      found:
        found === undefined
          ? `no top-level declaration holds a stage with the name "${name}"`
          : `${more.length + 1} stages have the name "${name}"`,
      remedy:
        "Declare each stage once, at the top level of the file whose import.meta.url it gives as its module, " +
        "with its name written out as a string."
    })
  )
}
