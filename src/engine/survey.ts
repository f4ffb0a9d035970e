/**
 * A look at a whole recipe before anything runs: which results are there. One pass in order, with no fiber a step, and no
 * effect either where a result lies there as it was left.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { StageFailure } from "../pipeline/Reader.ts"
import { OnnxRuntime } from "../runtime/OnnxRuntime.ts"
import type { Sources } from "../source/Sources.ts"
import { Store } from "../store/Store.ts"
import { recallExternal } from "./external.ts"
import { glance, type Known, type Lookup, lookup, outputAt, resolveInputs, resolveSource } from "./lookup.ts"
import type { InputsResolved } from "./outputs.ts"
import { dependencies, type Recipe, type Source, type Step } from "./Recipe.ts"
import type { Resolved } from "./Resolved.ts"
import * as Tree from "./Tree.ts"

/** What can be told of a step while nothing runs. */
export type Sight =
  | Lookup
  /** What these steps give is not known yet. */
  | { readonly kind: "blocked"; readonly by: ReadonlyArray<Step> }
  /** An input is missing or cannot be read. */
  | { readonly kind: "failed"; readonly failure: StageFailure }

/** What a look gives that needs no waiting; null also where something stands in its way. */
const unlessHindered = <A>(look: () => A | null): A | null => {
  try {
    return look()
  } catch {
    // Whoever looks closely meets it again, and tells it.
    return null
  }
}

/** Looks at every step, in the recipe's order; `root` is the pipeline file's folder, `depth` as in `lookup`. */
export const survey = (
  recipe: Recipe,
  root: string,
  depth: (step: Step) => "stat" | "content"
): Effect.Effect<ReadonlyMap<Step, Sight>, never, Store | Sources | OnnxRuntime> =>
  Effect.gen(function* () {
    const store = yield* Store
    const { identity } = yield* OnnxRuntime
    const sights = new Map<Step, Sight>()
    const known = (step: Step): Known => {
      const sight = sights.get(step)
      if (sight?.kind !== "hit") throw new Error(`internal: "${step.name}" is read before it is known`)
      return sight.known
    }

    const recall = (source: Source): Resolved | null =>
      source.kind === "external"
        ? recallExternal(store.files, root, source.files, source.as)
        : outputAt(source)(known(source.step))

    const recallInputs = (step: Step): InputsResolved | null => {
      const inputs: Record<string, Tree.Tree<Resolved>> = {}
      for (const [port, tree] of Object.entries(step.inputs)) {
        const found = Tree.map(tree, recall)
        if (!Tree.isWhole(found)) return null
        inputs[port] = found
      }
      return inputs
    }

    const resolved = (step: Step) =>
      resolveInputs(
        step,
        resolveSource(root, (read) => Effect.sync(() => known(read)))
      )

    const closely = (step: Step, inputs: InputsResolved | null) =>
      (inputs === null ? resolved(step) : Effect.succeed(inputs)).pipe(
        Effect.flatMap((inputs) => lookup(recipe.experiment.name, step, inputs, depth(step))),
        Effect.result,
        Effect.map((found): Sight =>
          Result.isSuccess(found) ? found.success : { kind: "failed", failure: found.failure }
        )
      )

    for (const step of recipe.steps) {
      const by = dependencies(step).filter((dependency) => sights.get(dependency)?.kind !== "hit")
      if (by.length > 0) {
        sights.set(step, { kind: "blocked", by })
        continue
      }
      const inputs = unlessHindered(() => recallInputs(step))
      const hit = inputs && unlessHindered(() => glance(store, identity, step, inputs, depth(step)))
      sights.set(step, hit ?? (yield* closely(step, inputs)))
    }
    return sights
  })
