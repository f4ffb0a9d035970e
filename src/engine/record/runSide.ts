/** A run out of the store's memory, as one side of a comparison. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import type { Score } from "../../pipeline/Measurement.ts"
import type { ActionRecord } from "../../store/ActionRecord.ts"
import type { StoreFailure } from "../../store/Errors.ts"
import type { RunRecord } from "../../store/Runs.ts"
import { Store } from "../../store/Store.ts"
import { parseJson } from "../../store/canonicalJson.ts"
import { Ingredients } from "../identity.ts"
import { scoresOf, type Side, type SideStep } from "./difference.ts"

/** Larger values are no measurements: nothing is gained from reading them. */
const largestMeasurement = 1 << 20

const scoresIn = (record: ActionRecord): Effect.Effect<ReadonlyArray<Score>, never, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const refs = Object.values(record.outputs)
      .filter(({ kind }) => kind === "value")
      .flatMap(({ objects }) => Object.values(objects))
      .filter(({ size }) => size <= largestMeasurement)
    const texts = yield* Effect.forEach(refs, ({ digest }) =>
      Effect.promise(() => readFile(store.objects.path(digest), "utf8").catch(() => ""))
    )
    return texts.flatMap((text) => scoresOf(parseJson(text)))
  })

/** What a run made or found. Steps whose records garbage collection has taken are left out. */
export const runSide = (run: RunRecord): Effect.Effect<Side, StoreFailure, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const steps = new Map<string, SideStep>()
    const scores = new Map<string, ReadonlyArray<Score>>()
    for (const [name, { key }] of Object.entries(run.nodes)) {
      const record = yield* store.actions.get(key)
      if (record === null || !Schema.is(Ingredients)(record.ingredients)) continue
      const outputs = Object.values(record.outputs).map(({ digest }) => digest)
      steps.set(name, { ingredients: record.ingredients, outputs })
      const found = yield* scoresIn(record)
      if (found.length > 0) scores.set(name, found)
    }
    return { name: run.id, steps, scores }
  })
