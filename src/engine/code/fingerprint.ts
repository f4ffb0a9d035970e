/** The fingerprint of a stage's code: a digest over the declarations that its function reaches, wherever they stand. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import { CodeFailure } from "./Errors.ts"
import { merkleHashes, ownHash } from "./merkle.ts"
import { type Module, readModule } from "./modules.ts"
import { reach, type ReachedDeclaration } from "./reach.ts"
import { shortPath } from "./resolve.ts"

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

/**
 * Fingerprints the stage that the file `module` (a file URL) declares at its top level under `name`. The digest stands
 * for the declarations reached and the versions of packages; comments, layout, types, the names and places of files,
 * the order of declarations and whatever is not reached take no part.
 *
 * A module counts as reached when a declaration of it is, or when a reached module imports it for its effects alone;
 * then its top-level statements count too. Fails where code cannot be followed by reading it.
 */
export const fingerprint = (
  stage: { readonly module: string; readonly name: string }
): Effect.Effect<Fingerprint, CodeFailure> =>
  Effect.gen(function*() {
    const module = yield* readModule(fileURLToPath(stage.module))
    const { modules, nodes, packages, root } = yield* reach(module, yield* declarationOf(module, stage.name))
    const own = new Map(nodes.map((node) => [node, ownHash(node)]))
    const hashes = merkleHashes(own)
    const places = new Map(modules.map((module) => [module, shortPath(module.path)]))
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

const order = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/** The position of the one declaration that declares a stage. */
const declarationOf = (module: Module, name: string): Effect.Effect<number, CodeFailure> => {
  const [found, ...more] = module.analysis.stages.filter((stage) => stage.name === name)
  if (found !== undefined && more.length === 0) return Effect.succeed(found.declaration)
  return Effect.fail(
    new CodeFailure({
      module: shortPath(module.path),
      line: null,
      found: found === undefined
        ? `no top-level declaration holds a stage with the name "${name}"`
        : `${more.length + 1} stages have the name "${name}"`,
      remedy: "Declare each stage once, at the top level of the file whose import.meta.url it gives as its module, " +
        "with its name written out as a string."
    })
  )
}
