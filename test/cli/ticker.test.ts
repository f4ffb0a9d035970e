/** What is said of a step at work. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Writable } from "node:stream"
import type { Output } from "../../src/cli/Output.ts"
import { progressText, ticker } from "../../src/cli/Ticker.ts"
import type { Event } from "../../src/engine/Events.ts"

it("the rate is that of this run, whatever was done before it", () => {
  const report = { done: 30, total: 50, unit: "steps", figures: { loss: 2.3456 } }
  assert.strictEqual(progressText(report, 10, 0), "30/50 steps, 3.0/s, 6.7 s left, loss 2.346")
  assert.strictEqual(progressText(report, 10, 20), "30/50 steps, 1.0/s, 20 s left, loss 2.346")
  assert.strictEqual(progressText({ done: 0, total: null, unit: "rows" }, 10, 0), "0 rows")
})

it.effect("a resumed step, a warning and what was there are told to people and to programs", () =>
  Effect.gen(function* () {
    const said: Array<unknown> = []
    const say = (what: unknown) => Effect.sync(() => void said.push(what))
    const output: Output = {
      json: false,
      line: say,
      object: say,
      lines: say,
      objects: say,
      trouble: (text) => say({ trouble: text })
    }
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() }) as NodeJS.WriteStream
    const { emit } = ticker(output, silent)
    const events: ReadonlyArray<Event> = [
      { kind: "started", step: "train", stage: "loraTrain", reason: "it never ran" },
      { kind: "resumed", step: "train", done: 12, total: 40 },
      { kind: "warning", step: "train", message: "The disk is full." },
      { kind: "cached", steps: ["load", "filter"] }
    ]
    yield* Effect.forEach(events, emit)
    assert.deepStrictEqual(said.slice(2), [
      { event: "resumed", node: "train", done: 12, total: 40 },
      "↻ train: resumed at step 12 of 40",
      { event: "warning", node: "train", message: "The disk is full." },
      { trouble: "! train: The disk is full." },
      [
        { event: "cached", node: "load" },
        { event: "cached", node: "filter" }
      ],
      ["✓ load (cached)", "✓ filter (cached)"]
    ])
  })
)
