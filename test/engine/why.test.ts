/** What changed between two sets of ingredients, and how it is told. */
import { assert, test } from "vitest"
import type { Ingredients } from "../../src/engine/identity.ts"
import { type Change, changes, describe } from "../../src/engine/why.ts"

const ingredients: Ingredients = {
  format: 1,
  stage: "report",
  code: { digest: "a", declarations: [], packages: [] },
  config: { measurements: ["rows"] },
  inputs: { results: { corpus: { rows: { kind: "value", digest: "0123456789abcdef" } } } },
  rows: {},
  compute: null
}

test("an input that is added, removed or other is told by its name", () => {
  const more = {
    ...ingredients,
    inputs: {
      results: {
        corpus: { rows: { kind: "value", digest: "fedcba9876543210" }, again: { kind: "value", digest: "b" } }
      }
    }
  }
  assert.deepStrictEqual(changes(ingredients, more).map(describe), [
    "input results.corpus.again added",
    "input results.corpus.rows has other content (0123456789ab → fedcba987654)"
  ])
  assert.deepStrictEqual(changes(more, ingredients).map(describe).slice(0, 1), ["input results.corpus.again removed"])
})

test("every kind of change can be told, with and without a before and an after", () => {
  const kinds: ReadonlyArray<Change["kind"]> = ["declaration", "package", "config", "input", "rows", "compute", "stage"]
  for (const kind of kinds) {
    for (const sides of [{ before: "x" }, { after: "y" }, { before: "x", after: "y" }]) {
      assert.include(describe({ kind, name: "this", ...sides }), "this")
    }
  }
})
