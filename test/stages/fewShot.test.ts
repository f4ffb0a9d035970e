/** The documents asked and the examples shown are those that evaluation harnesses draw. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { choicePrompts } from "../../stages/choicePrompts.ts"
import { choiceTask } from "../../stages/choiceTask.ts"
import { quotas } from "../../stages/fewShot.ts"
import { Runtime } from "../model/support.ts"
import { givenTable, rowsIn, rowsOf, worldOf } from "./evaluate.ts"
import { equal } from "../agreement/agreement.ts"
import golden from "./golden/fewShot.json" with { type: "json" }

const Row = Schema.Struct({ number: Schema.String, label: Schema.String })

const task = choiceTask({
  name: "numbers",
  document: "{number} ",
  separator: "",
  label: "label",
  choices: [{ label: "0", text: "" }, { label: "1", text: "" }, ...["2", "3"].map((label) => ({ label, text: "" }))],
  documents: givenTable("documents", Row),
  examples: givenTable("examples", Row)
})

const rowsOfLabels = (labels: ReadonlyArray<string>) =>
  labels.map((label, number) => ({ number: String(number), label }))

/** For each prompt the numbers of its rows: examples first, the document last. */
const drawn = (
  documents: number,
  labels: ReadonlyArray<string>,
  config: Omit<Parameters<typeof choicePrompts>[0], "task">
) =>
  Effect.gen(function* () {
    const documentRows = rowsOfLabels(Array.from({ length: documents }, () => "0"))
    const world = worldOf(rowsIn("documents", documentRows, Row), rowsIn("examples", rowsOfLabels(labels), Row))
    const prompts = yield* rowsOf(choicePrompts({ task, ...config }), world)
    return prompts.map(({ context }) => context.trim().split(" ").map(Number))
  }).pipe(Effect.provide(Runtime))

const alike = (count: number) => Array.from({ length: count }, () => "0")

// JNLI: 2,434 rows to ask, 20,073 to draw examples from.
const order = [548, 135, 1499, 2043, 1381]
const samples = {
  0: [[], [], []],
  1: [[19990], [15865], [6300]],
  2: [
    [19990, 15865],
    [6300, 8077],
    [9142, 18287]
  ],
  3: [
    [19990, 15865, 6300],
    [8077, 9142, 18287],
    [9781, 7368, 9752]
  ]
}

describe("sampling of the harness", () => {
  it.effect.each([0, 1, 2, 3] as const)("shows %s examples of JNLI", (shots) =>
    Effect.gen(function* () {
      const expected = samples[shots].map((examples, index) => [...examples, order[index]])
      assert.deepStrictEqual(yield* drawn(2434, alike(20073), { shots, limit: 3 }), expected)
    })
  )

  it.effect("asks every document once, in the order of which a limit takes the beginning", () =>
    Effect.gen(function* () {
      const all = yield* drawn(600, alike(50), { shots: 2 })
      assert.deepStrictEqual(
        all.map((numbers) => numbers[2] ?? -1).toSorted((a, b) => a - b),
        [...alike(600).keys()]
      )
      assert.deepStrictEqual(yield* drawn(600, alike(50), { shots: 2, limit: 7 }), all.slice(0, 7))
      assert.deepStrictEqual(yield* drawn(600, alike(50), { shots: 2, limit: 1000 }), all)
      assert.notDeepEqual(yield* drawn(600, alike(50), { shots: 2, sampling: { kind: "harness", seed: 1 } }), all)
    })
  )

  it.effect("refuses more examples than there are, and labels without a choice", () =>
    Effect.gen(function* () {
      const poor = yield* Effect.flip(drawn(3, alike(2), { shots: 3 }))
      assert.match(poor.message, /asked for 3 rows, but the table it reads has only 2/)
      const unknown = yield* Effect.flip(drawn(3, ["0", "7"], { shots: 2 }))
      assert.match(unknown.message, /Row 1 .* has "7" in its label column "label"/)
    })
  )
})

describe("stratified sampling", () => {
  it.effect.each(golden)("draws what the rule draws, labels $labels.length", ({ drawn: expected, labels }) =>
    Effect.forEach(expected, ({ documents, order, samples, shots }) =>
      Effect.gen(function* () {
        const rows = samples.map((examples, index) => [...examples, order[index] ?? -1])
        const found = yield* drawn(documents, [...labels], { shots, sampling: "stratified", limit: rows.length })
        equal({ tool: "CPython", what: "stratified examples, by a reading of the rule" }, found, rows)
      })
    )
  )

  it.effect.prop(
    "quotas are whole shares and what is left over",
    {
      sizes: Schema.NonEmptyArray(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
      shots: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 40 }))
    },
    ({ shots, sizes }) =>
      Effect.sync(() => {
        const given = quotas(sizes, shots)
        const total = sizes.reduce((sum, size) => sum + size, 0)
        assert.strictEqual(
          given.reduce((sum, count) => sum + count, 0),
          shots
        )
        given.forEach((count, index) => assert.isAtLeast(count, Math.trunc(((sizes[index] ?? 0) / total) * shots)))
      })
  )

  it.effect("refuses a label that has too few rows for its quota", () =>
    Effect.gen(function* () {
      // One row of the first label and five of each other: 11 examples leave 0 + 3 + 3 + 3, and two more for the first.
      const labels = [..."0111112222233333"]
      const failure = yield* Effect.flip(drawn(3, labels, { shots: 11, sampling: "stratified" }))
      assert.match(failure.message, /needs 2 examples of the label "0", but the table of examples has only 1\./)
    })
  )
})
