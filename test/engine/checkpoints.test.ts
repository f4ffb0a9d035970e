/** A step's checkpoints: made when due, found by lineage, told of when the disk refuses, and never of files that moved. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { checkpointsOf } from "../../src/engine/checkpoints.ts"
import { type Event, Events } from "../../src/engine/Events.ts"
import { identityOf } from "../../src/engine/identity.ts"
import type { Step } from "../../src/engine/Recipe.ts"
import { stage } from "../../src/pipeline/Stage.ts"
import { StoreFailure } from "../../src/store/Errors.ts"
import { Store } from "../../src/store/Store.ts"
import { bytes, fresh } from "../store/stores.ts"

const Config = Schema.Struct({ epochs: Schema.Int, rate: Schema.Finite, open: Schema.Boolean })
type Config = typeof Config.Type

const work = stage({
  name: "work",
  module: import.meta.url,
  computes: false,
  config: Config,
  inputs: {},
  outputs: {},
  extent: ({ open }) => (open ? ["epochs"] : []),
  run: () => Effect.succeed({})
})

/** A step as a recipe has it, of a config. */
const stepOf = (config: Config): Step => ({
  name: "work",
  node: { stage: work, config, inputs: {}, outputs: {}, label: "work" },
  code: { digest: "code", declarations: [], packages: [], modules: [] },
  config: { value: config, json: config, text: JSON.stringify(config) },
  rows: {},
  inputs: {}
})

const runtime = { provider: "cpu", runtimeVersion: "1", options: "" } as const

interface Situation {
  readonly config?: Partial<Config>
  readonly interval?: number
  readonly intact?: () => boolean
}

/** A store, and what happens in it. */
const situation = Effect.map(fresh, (store) => {
  const events: Array<Event> = []
  const refusals: Array<StoreFailure> = []
  const keep: typeof store.checkpoints.keep = (...state) => {
    const refusal = refusals.shift()
    return refusal === undefined ? store.checkpoints.keep(...state) : Effect.fail(refusal)
  }
  const start = ({ config, intact = () => true, interval = 0 }: Situation) => {
    const step = stepOf({ epochs: 1, rate: 0.1, open: false, ...config })
    return checkpointsOf(step, identityOf(step, {}, runtime), interval, Effect.sync(intact)).pipe(
      Effect.provideService(Store, { ...store, checkpoints: { ...store.checkpoints, keep } }),
      Effect.provideService(Events, { emit: (event) => Effect.sync(() => void events.push(event)) })
    )
  }
  const positions = Effect.map(store.checkpoints.all, (all) => all.map(({ position }) => position).sort())
  return { store, events, refusals, start, positions }
})

const text = (state: Uint8Array): string => new TextDecoder().decode(state)
const stateAt = (position: number) => Effect.succeed([bytes(`state ${position}`)])
const full = () => StoreFailure.from("keep a checkpoint", "/disk", Object.assign(new Error("full"), { code: "ENOSPC" }))

it.effect("a state is made once the interval is over, and no sooner", () =>
  Effect.gen(function* () {
    const { positions, start } = yield* situation
    const { service } = yield* start({ interval: 60 })
    const made: Array<number> = []
    for (let position = 1; position <= 10; position++) {
      yield* TestClock.adjust("25 seconds")
      const state = Effect.sync(() => (made.push(position), [bytes("state")]))
      yield* service.offer(position, 10, state)
    }
    assert.deepStrictEqual(made, [3, 6, 9])
    assert.deepStrictEqual(yield* positions, [9])
  })
)

it.effect("what was cut off goes on from its last state; once its result is stored, nothing is left", () =>
  Effect.gen(function* () {
    const { events, positions, start } = yield* situation
    const first = yield* start({})
    assert.isNull(yield* first.service.resume(10, text))
    for (const position of [1, 2, 3]) yield* first.service.offer(position, 10, stateAt(position))
    const second = yield* start({})
    assert.strictEqual(yield* second.service.resume(10, text), "state 3")
    assert.deepStrictEqual(events, [{ kind: "resumed", step: "work", done: 3, total: 10 }])
    assert.isNull(yield* (yield* start({ config: { rate: 0.2 } })).service.resume(10, text))
    assert.isNull(yield* (yield* start({ config: { epochs: 2 } })).service.resume(20, text))
    yield* second.service.offer(10, 10, stateAt(10))
    yield* second.settle
    assert.deepStrictEqual(yield* positions, [])
  })
)

it.effect("an open end is kept, and a longer work goes on from the furthest state that it passes itself", () =>
  Effect.gen(function* () {
    const { events, positions, start } = yield* situation
    const of = (epochs: number, rate = 0.1) => start({ config: { open: true, epochs, rate }, interval: 60 })
    for (const epochs of [1, 3]) {
      const { service, settle } = yield* of(epochs)
      yield* service.offer(10 * epochs - 1, 10 * epochs, stateAt(10 * epochs - 1))
      yield* service.offer(10 * epochs, 10 * epochs, stateAt(10 * epochs))
      yield* settle
    }
    assert.deepStrictEqual(yield* positions, [10, 30])
    assert.strictEqual(yield* (yield* of(4)).service.resume(40, text), "state 30")
    assert.strictEqual(yield* (yield* of(2)).service.resume(20, text), "state 10")
    assert.isNull(yield* (yield* of(2)).service.resume(9, text))
    assert.isNull(yield* (yield* of(4, 0.2)).service.resume(40, text))
    assert.deepStrictEqual(
      events.map((event) => event.kind === "resumed" && [event.done, event.total]),
      [
        [30, 40],
        [10, 20]
      ]
    )
  })
)

it.effect("a damaged state, and one that the stage does not understand, give way to an older one", () =>
  Effect.gen(function* () {
    const { start, store } = yield* situation
    const of = (epochs: number) => start({ config: { open: true, epochs } })
    for (const epochs of [1, 2, 3]) yield* (yield* of(epochs)).service.offer(epochs, 4, stateAt(epochs))
    const [furthest] = yield* store.checkpoints.all.pipe(
      Effect.map((all) => all.filter(({ position }) => position === 3))
    )
    const path = join(store.folders.checkpoints, `${furthest?.lineage}.${furthest?.key}`)
    writeFileSync(path, readFileSync(path).subarray(0, -1))
    const understood = (state: Uint8Array) => (text(state) === "state 2" ? null : text(state))
    assert.strictEqual(yield* (yield* of(4)).service.resume(4, understood), "state 1")
    assert.isNull(yield* (yield* of(4)).service.resume(4, () => null))
    assert.lengthOf(readdirSync(store.folders.checkpoints), 3)
  })
)

it.effect("a refusal of the disk is told once, costs no step, and leaves the last state", () =>
  Effect.gen(function* () {
    const { events, positions, refusals, start } = yield* situation
    const { service } = yield* start({})
    const offer = (position: number) => service.offer(position, 10, stateAt(position))
    yield* offer(1)
    refusals.push(full(), full())
    yield* offer(2)
    yield* offer(3)
    assert.deepStrictEqual(yield* positions, [1])
    assert.lengthOf(events, 1)
    const [event] = events
    assert.match(event?.kind === "warning" ? event.message : "", /The disk is full: free some space.*The work goes on/)
    yield* offer(4)
    assert.deepStrictEqual(yield* positions, [4])
    refusals.push(full())
    yield* offer(5)
    assert.lengthOf(events, 2)
  })
)

it.effect("nothing is kept of work on files that moved", () =>
  Effect.gen(function* () {
    const { events, positions, start } = yield* situation
    let intact = true
    const { service } = yield* start({ intact: () => intact })
    yield* service.offer(1, 10, stateAt(1))
    intact = false
    yield* service.offer(2, 10, stateAt(2))
    assert.deepStrictEqual([yield* positions, events], [[1], []])
  })
)

it.effect("a state that cannot be made is a failure of the work", () =>
  Effect.gen(function* () {
    const { start } = yield* situation
    const { service } = yield* start({})
    assert.strictEqual(yield* Effect.flip(service.offer(1, 10, Effect.fail("lost"))), "lost")
  })
)
