/** `tanren record`: write down the experiment's figures and their keys, to be committed beside its file. */
import * as Effect from "effect/Effect"
import { randomUUID } from "node:crypto"
import { rename, writeFile } from "node:fs/promises"
import { recordText } from "../../engine/record/ExperimentRecord.ts"
import { recordOf } from "../../engine/record/recordOf.ts"
import type { Recipe } from "../../engine/Recipe.ts"
import type { Output } from "../Output.ts"
import { exitCodes } from "../exitCodes.ts"

export const recordVerb = (recipe: Recipe, root: string, file: string, output: Output) =>
  Effect.gen(function* () {
    const record = yield* recordOf(recipe, root)
    // Renamed into place, so that a crash leaves the old record or the new one.
    const temporary = `${file}.${randomUUID()}`
    yield* Effect.promise(() => writeFile(temporary, recordText(record)))
    yield* Effect.promise(() => rename(temporary, file))
    yield* output.line(`recorded ${record.results.length} results of ${record.steps.length} steps: ${file}`)
    yield* output.object({ event: "recorded", file, results: record.results.length, steps: record.steps.length })
    return exitCodes.done
  })
