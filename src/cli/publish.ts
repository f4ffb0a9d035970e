/** Putting a report where people look: copied out of the store under the experiment's name, with what it was made from. */
import * as Effect from "effect/Effect"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import * as path from "node:path"
import { outsideInputs } from "../engine/lookup.ts"
import type { Recipe, Source, Step } from "../engine/Recipe.ts"
import type { Resolved } from "../engine/Resolved.ts"
import type { Outcome } from "../engine/run.ts"
import type { Provenance } from "../report/provenance.ts"
import { secondsTaken } from "../store/ActionRecord.ts"
import { outsideName } from "./outsideName.ts"
import { version } from "./version.ts"

export type Outcomes = ReadonlyMap<Step, Outcome>

const knownIn = (outcomes: Outcomes, step: Step) => {
  const outcome = outcomes.get(step)
  return outcome?.kind === "cached" || outcome?.kind === "ran" ? outcome.known : null
}

/** What a run found or made behind a source; null where it failed, and for files from outside. */
export const resolvedIn = (outcomes: Outcomes, source: Source): Resolved | null =>
  source.kind === "external" ? null : (knownIn(outcomes, source.step)?.outputs[source.output] ?? null)

/** What the results were made from, by what, when and in what time, out of the records of the steps. */
const provenanceOf = (recipe: Recipe, outcomes: Outcomes): Provenance => {
  const known = recipe.steps.flatMap((step) => knownIn(outcomes, step) ?? [])
  const sources = new Map(
    known.flatMap(outsideInputs).map(({ digest, source }) => [outsideName(source), digest] as const)
  )
  return {
    program: `Tanren ${version}, Node ${process.versions.node}`,
    sources: [...sources].map(([name, digest]) => ({ name, digest })),
    steps: known.map(({ identity: { ingredients, key }, record, step }) => ({
      step: step.name,
      stage: step.node.stage.name,
      runtime:
        ingredients.compute === null
          ? null
          : `${ingredients.compute.provider}, ONNX Runtime ${ingredients.compute.runtimeVersion}`,
      started: record.provenance.started,
      seconds: secondsTaken(record),
      key
    }))
  }
}

/**
 * Copies the experiment's report to `reports/` in the store's folder; returns the page's path. The page and its Markdown
 * end with what the results were made from: that is no part of the report in the store, which is the same for the same
 * results whenever and wherever they were made.
 */
export const publishReport = (recipe: Recipe, outcomes: Outcomes, storeRoot: string) =>
  Effect.gen(function* () {
    const report = recipe.experiment.report
    const resolved = report === null ? null : resolvedIn(outcomes, recipe.sourceOf(report))
    if (resolved?.kind !== "files") return null
    const { withProvenance } = yield* Effect.promise(() => import("../report/provenance.ts"))
    const provenance = provenanceOf(recipe, outcomes)
    const folder = path.join(storeRoot, "reports", recipe.experiment.name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-"))
    yield* Effect.promise(async () => {
      for (const file of resolved.files) {
        const target = path.join(folder, file.path)
        await mkdir(path.dirname(target), { recursive: true })
        await rm(target, { force: true })
        const bytes = await readFile(file.location)
        await writeFile(target, withProvenance(file.path, bytes, provenance))
      }
    })
    const page = resolved.files.find((file) => file.path.endsWith(".html")) ?? resolved.files[0]
    return page === undefined ? null : path.join(folder, page.path)
  })
