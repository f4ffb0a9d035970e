/** Taking a fingerprint: every declaration that a stage reaches, by its text and by what its names stand for. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { fileURLToPath } from "node:url"
import { CodeFailure } from "./Errors.ts"
import type { Fingerprint, FingerprintedDeclaration, StageName } from "./fingerprint.ts"
import { merkleHashes, ownHash } from "./merkle.ts"
import { type Module, readModule } from "./modules.ts"
import { reach, type ReachedDeclaration } from "./reach.ts"
import { shortPath } from "./resolve.ts"
import type { View } from "./View.ts"

/** Reads the code of a stage, follows it, and takes its fingerprint. */
export const takeFingerprint = (stage: StageName, view: View): Effect.Effect<Fingerprint, CodeFailure> =>
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
