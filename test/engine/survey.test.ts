/** One look tells of each step what a run would then find, on any graph, whatever was lost or damaged. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fs from "node:fs"
import { dependencies, recipeOf, type Step } from "../../src/engine/Recipe.ts"
import { type Outcome, run } from "../../src/engine/run.ts"
import { survey } from "../../src/engine/survey.ts"
import { layerCpu } from "../../src/runtime/layer.ts"
import type { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { Sources } from "../../src/source/Sources.ts"
import { actionPath } from "../../src/store/Actions.ts"
import { Store } from "../../src/store/Store.ts"
import { folder } from "../store/stores.ts"
import { joined } from "./joining.ts"

/** Pseudo-random positions below a count, by a seed. */
const dice = (seed: number) => {
  let state = seed
  return (count: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * count)
  }
}

/** What may become of a result: its record is gone or cut short, its object is gone, cut short, or says something else. */
const damages: ReadonlyArray<(record: string, object: string) => void> = [
  (record) => fs.rmSync(record),
  (record) => fs.truncateSync(record, 20),
  (_, object) => fs.rmSync(object),
  (_, object) => rewrite(object, (bytes) => bytes.subarray(1)),
  (_, object) => rewrite(object, (bytes) => bytes.map((byte, index) => (index === 0 ? byte ^ 1 : byte)))
]

const rewrite = (file: string, change: (bytes: Uint8Array) => Uint8Array): void => {
  fs.chmodSync(file, 0o644)
  fs.writeFileSync(file, change(fs.readFileSync(file)))
}

const options = (root: string) => ({ root, jobs: 4, computeJobs: 1, checkpointSeconds: 0 })

/** Runs something as a process of its own would: nothing that an earlier one learned is in memory. */
const asProcess = (root: string) => {
  const sources = Sources.layer({ lockFile: `${root}/lock.json`, downloads: `${root}/downloads`, environment: {} })
  const services = Layer.mergeAll(Store.layer(root), sources, layerCpu)
  return <A, E>(effect: Effect.Effect<A, E, Store | Sources | OnnxRuntime>) => Effect.provide(effect, services)
}

const text = (outcome: Outcome | undefined): string => {
  if (outcome?.kind !== "cached" && outcome?.kind !== "ran") return assert.fail(`it ${outcome?.kind}`)
  return outcome.known.outputs.to?.digest ?? assert.fail("no output")
}

it.live("random graphs with random damage", () =>
  Effect.forEach(
    Array.from({ length: 6 }, (_, seed) => seed),
    (seed) =>
      Effect.gen(function* () {
        const root = yield* folder
        const below = dice(seed)
        const reads = Array.from({ length: 12 }, (_, index) =>
          Array.from({ length: index === 0 ? 0 : below(3) }, () => below(index))
        )
        const recipe = yield* recipeOf(joined(reads), Date.now())
        const process = asProcess(root)
        const first = yield* process(run(recipe, options(root)))
        const lost = new Set<Step>()
        yield* process(
          Effect.map(Store, ({ folders, objects }) => {
            for (const step of recipe.steps) {
              const outcome = first.get(step)
              if (outcome?.kind !== "ran") return assert.fail(`${step.name} did not run`)
              const ref = outcome.known.record.outputs.to?.objects.joined ?? assert.fail("no object")
              if (below(4) > 0) continue
              lost.add(step)
              damages[below(damages.length)]?.(
                actionPath(folders, outcome.known.identity.key),
                objects.path(ref.digest)
              )
            }
          })
        )

        const sights = yield* process(survey(recipe, root, () => "stat"))
        const hits = new Set<Step>()
        for (const step of recipe.steps) {
          const by = dependencies(step).filter((dependency) => !hits.has(dependency))
          const sight = sights.get(step)
          assert.strictEqual(sight?.kind, by.length > 0 ? "blocked" : lost.has(step) ? "miss" : "hit", `${seed}`)
          if (sight?.kind === "blocked") assert.deepStrictEqual(sight.by, by)
          if (sight?.kind === "hit") hits.add(step)
        }

        const again = yield* process(run(recipe, options(root)))
        for (const step of recipe.steps) {
          assert.strictEqual(again.get(step)?.kind === "ran", lost.has(step), `${seed}: ${step.name}`)
          assert.strictEqual(text(again.get(step)), text(first.get(step)))
        }
      }).pipe(Effect.scoped)
  )
)
