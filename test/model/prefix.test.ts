/** What sequences begin with in common, and when it pays to compute that once. */
import { assert, it } from "@effect/vitest"
import { beginning, prefixLength, rest } from "../../src/model/prefix.ts"
import { branchingSequence, plainSequence } from "../../src/model/packing.ts"

const tokens = (shared: number, own: number, length: number) =>
  Int32Array.from({ length }, (_, at) => (at < shared ? at : own))

const sequences = Array.from({ length: 10 }, (_, index) => plainSequence(tokens(40, index, 50)))

it("a prefix is as long as all sequences agree", () => {
  assert.strictEqual(
    prefixLength(sequences, () => 50),
    40
  )
})

it("a prefix leaves the tokens that each sequence keeps", () => {
  assert.strictEqual(
    prefixLength(sequences, ({ ids }) => (ids[49] === 7 ? 33 : 50)),
    33
  )
})

it("a prefix ends where a branch begins", () => {
  const branching = sequences.map(({ ids }) => branchingSequence(ids.subarray(0, 30), [ids.subarray(30)]))
  assert.strictEqual(
    prefixLength(branching, () => 50),
    30
  )
})

it("a prefix that saves little is left where it is", () => {
  assert.strictEqual(
    prefixLength(sequences.slice(0, 2), () => 50),
    0
  )
  assert.strictEqual(
    prefixLength([], () => 50),
    0
  )
})

it("beginning and rest are the whole, positions as they were", () => {
  const [first = plainSequence(new Int32Array())] = sequences
  for (const part of ["ids", "position", "segment"] as const) {
    assert.deepStrictEqual([...beginning(first, 40)[part], ...rest(first, 40)[part]], [...first[part]])
  }
  assert.strictEqual(rest(first, 40).position[0], 40)
})
