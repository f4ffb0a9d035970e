/** Making a record: the experiment's results and their keys, out of the store. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import type { StageFailure } from "../../pipeline/Reader.ts"
import type { OnnxRuntime } from "../../runtime/OnnxRuntime.ts"
import type { Sources } from "../../source/Sources.ts"
import { secondsTaken } from "../../store/ActionRecord.ts"
import type { Store } from "../../store/Store.ts"
import { FileUnreadable } from "../Errors.ts"
import type { Ingredients } from "../identity.ts"
import { type Known, outsideInputs } from "../lookup.ts"
import { plan } from "../plan.ts"
import type { Recipe } from "../Recipe.ts"
import { compareText, type Resolved } from "../Resolved.ts"
import { NotRecordable } from "./Errors.ts"
import type { ExperimentRecord, RecordedFiles, RecordedResult, RecordedStep } from "./ExperimentRecord.ts"
import { filesName, seal } from "./ExperimentRecord.ts"

const stepOf = ({ identity, outputs, record, step }: Known): RecordedStep => ({
  name: step.name,
  key: identity.key,
  ingredients: { ...identity.ingredients, code: identity.ingredients.code.digest },
  outputs: Object.fromEntries(Object.entries(outputs).map(([name, { digest, kind }]) => [name, { kind, digest }])),
  seconds: secondsTaken(record)
})

/** The declarations without their texts, which are for `why` and make a record large. */
const codeOf = ({ code: { declarations, packages } }: Ingredients): ExperimentRecord["code"][string] => ({
  declarations: declarations.map(({ hash, module, name }) => ({ module, name, hash })),
  packages
})

const filesIn = (known: ReadonlyArray<Known>): ReadonlyArray<RecordedFiles> => {
  const found = new Map(
    known
      .flatMap(outsideInputs)
      .map(({ digest, source }) => [filesName(source), { files: { ...source.files }, as: source.as, digest }] as const)
  )
  return [...found].toSorted(([a], [b]) => compareText(a, b)).map(([, one]) => one)
}

const decodeJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Json))

const valueIn = (resolved: Resolved): Effect.Effect<Schema.Json, StageFailure> => {
  if (resolved.kind !== "value") return Effect.die("internal: a result that is no value")
  const { location } = resolved.file
  const unreadable = (cause: unknown) =>
    new FileUnreadable({ path: location, reason: cause instanceof Error ? cause.message : String(cause) })
  return Effect.gen(function* () {
    const text = yield* Effect.tryPromise({ try: () => readFile(location, "utf8"), catch: unreadable })
    return yield* Effect.mapError(decodeJson(text), unreadable)
  })
}

/**
 * Records an experiment of which every result is in the store: nothing runs. Equal results of equal code, config and
 * data give equal records, but for the seconds that each stage took. Fails with NotRecordable where a result is missing.
 */
export const recordOf = (
  recipe: Recipe,
  root: string
): Effect.Effect<ExperimentRecord, StageFailure, Store | Sources | OnnxRuntime> =>
  Effect.gen(function* () {
    const { experiment } = recipe
    const planned = yield* plan(recipe, root)
    const missing = planned.filter(({ status }) => status !== "cached").map(({ step }) => step.name)
    const known = planned.flatMap(({ found }) => (found?.kind === "hit" ? [found.known] : []))
    if (missing.length > 0) return yield* new NotRecordable({ experiment: experiment.name, steps: missing })
    const byStep = new Map(known.map((one) => [one.step, one]))
    const results: Array<RecordedResult> = []
    for (const [model, row] of Object.entries(experiment.results)) {
      for (const [measurement, value] of Object.entries(row)) {
        const source = recipe.sourceOf(value)
        const resolved = source.kind === "step" ? byStep.get(source.step)?.outputs[source.output] : undefined
        if (source.kind !== "step" || resolved === undefined) continue
        results.push({
          model,
          measurement,
          step: source.step.name,
          output: source.output,
          value: yield* valueIn(resolved)
        })
      }
    }
    const code = Object.fromEntries(known.map(({ identity: { ingredients: i } }) => [i.code.digest, codeOf(i)]))
    return seal({
      format: 1,
      experiment: experiment.name,
      results,
      steps: known.map(stepOf),
      files: filesIn(known),
      code
    })
  })
