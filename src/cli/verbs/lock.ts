/** `tanren lock`: pin what the experiment reads from other machines, and say what its lock file came to say. */
import * as Effect from "effect/Effect"
import type { Recipe } from "../../engine/Recipe.ts"
import * as Tree from "../../engine/Tree.ts"
import { type Remote, Sources } from "../../source/Sources.ts"
import { exitCodes } from "../exitCodes.ts"
import type { Output } from "../Output.ts"

const remotesOf = (recipe: Recipe): ReadonlyArray<Remote> =>
  recipe.steps
    .flatMap(({ inputs }) => Object.values(inputs).flatMap(Tree.leaves))
    .flatMap((source) => (source.kind === "external" && source.files.kind !== "external" ? [source.files] : []))

export const lockVerb = (recipe: Recipe, update: boolean, output: Output) =>
  Effect.gen(function* () {
    const sources = yield* Sources
    const changes = yield* sources.lock(remotesOf(recipe), update)
    for (const { change, name } of changes) {
      yield* output.line(`${name}: ${change}`)
      yield* output.object({ event: "locked", name, change })
    }
    if (changes.length === 0) yield* output.line("Nothing changed: everything is pinned as it was.")
    yield* output.object({ event: "done", changes: changes.length })
    return exitCodes.done
  })
