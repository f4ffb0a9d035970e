/**
 * Every epoch takes every row once, in an order that only the seed and the epoch decide; masks and weights stay with
 * their rows.
 */
import { assert, describe, it } from "@effect/vitest"
import { groupEvenly, planSteps, stepBatch } from "../../src/model/batch.ts"
import { permutation } from "../../src/model/random.ts"
import { trainingDefaults, type TrainingOptions } from "../../src/model/TrainingOptions.ts"

const options: TrainingOptions = {
  ...trainingDefaults,
  rank: 1,
  alpha: 1,
  targets: [],
  epochs: 2,
  batchSize: 4,
  learningRate: 1,
  seed: 3
}

const rows = [5, 3, 7, 2].map((length, row) => ({
  row: 10 + row,
  ids: Int32Array.from({ length }, (_, at) => 10 * row + at),
  promptTokens: 2
}))

const numbers = (
  feeds: ReturnType<typeof stepBatch>["microBatches"][number] | undefined,
  name: string
): ReadonlyArray<number> => Array.from(feeds?.[name]?.data ?? [], Number)

describe("a plan", () => {
  it("takes every row once an epoch, the last step what is left", () => {
    const plan = planSteps(10, options)
    assert.strictEqual(plan.steps, 6)
    const epochs = [
      [0, 1, 2],
      [3, 4, 5]
    ].map((steps) => steps.flatMap((step) => [...plan.rowsOf(step)]))
    for (const epoch of epochs)
      assert.deepStrictEqual(
        epoch.toSorted((a, b) => a - b),
        [...Array(10).keys()]
      )
    assert.notDeepEqual(epochs[0], epochs[1])
    assert.lengthOf(plan.rowsOf(2), 2)
    assert.deepStrictEqual([...planSteps(10, options).rowsOf(4)], [...plan.rowsOf(4)])
    assert.deepStrictEqual([...planSteps(5, { ...options, shuffle: false }).rowsOf(0)], [0, 1, 2, 3])
  })

  it("puts every row anywhere with one probability", () => {
    const counts = new Float64Array(16)
    for (let key = 0; key < 4000; key++) {
      permutation(4, key).forEach((row, place) => (counts[4 * place + row] = (counts[4 * place + row] ?? 0) + 4 / 4000))
    }
    counts.forEach((share) => assert.closeTo(share, 1, 0.12))
  })
})

describe("runs of neighbours", () => {
  /** All ways to cut a list. */
  const cuts = (lengths: ReadonlyArray<number>): ReadonlyArray<ReadonlyArray<number>> =>
    lengths.reduce<ReadonlyArray<ReadonlyArray<number>>>(
      (ways, length) =>
        ways.flatMap((sums) =>
          sums.length === 0
            ? [[length]]
            : [
                [...sums, length],
                [...sums.slice(0, -1), (sums.at(-1) ?? 0) + length]
              ]
        ),
      [[]]
    )

  it("are the fewest within the limit, and the largest of them is as small as it can be", () => {
    for (let key = 0; key < 100; key++) {
      const lengths = [...permutation(7, key)].map((length) => 3 * length + 1)
      const limit = 19 + (key % 20)
      const groups = groupEvenly(
        lengths.map((length) => ({ ids: new Int32Array(length) })),
        limit
      ).map((group) => group.map(({ ids }) => ids.length))
      assert.deepStrictEqual(groups.flat(), lengths)
      const sums = groups.map((group) => group.reduce((all, length) => all + length, 0))
      const within = cuts(lengths).filter((way) => Math.max(...way) <= limit)
      const fewest = within.filter((way) => way.length === Math.min(...within.map((other) => other.length)))
      assert.lengthOf(sums, fewest[0]?.length ?? 0)
      assert.strictEqual(Math.max(...sums), Math.min(...fewest.map((way) => Math.max(...way))))
    }
  })

  it("hold a row that is beyond the limit alone", () => {
    const groups = groupEvenly(
      [2, 9, 2, 2].map((length) => ({ ids: new Int32Array(length) })),
      5
    )
    assert.deepStrictEqual(
      groups.map((group) => group.map(({ ids }) => ids.length)),
      [[2], [9], [2, 2]]
    )
  })
})

describe("the values of a step", () => {
  const weights = (changes: Partial<TrainingOptions>) => {
    const { microBatches } = stepBatch(0, rows, { ...options, ...changes })
    return microBatches
      .flatMap((feeds) => [...numbers(feeds, "weights")])
      .map((weight) => Math.round(1e6 * weight) / 1e6)
  }

  it("weigh every label alike, or every micro-batch", () => {
    // 4 + 2 + 6 + 1 labels; rows are computed from the shortest.
    assert.deepStrictEqual([...new Set(weights({}))], [Math.round(1e6 / 13) / 1e6])
    // Micro-batches of two rows: 4 + 2 and 6 + 1 labels.
    const [first, second] = [Math.round(1e6 / 12) / 1e6, Math.round(1e6 / 14) / 1e6]
    const perRow = [second, first, first, first, first, first, first, second, second, second, second, second, second]
    assert.deepStrictEqual(weights({ lossNormalization: "micro-batch", microBatchSize: 2 }), perRow)
  })

  it("predict each label from the token before it", () => {
    const [feeds] = stepBatch(0, rows.slice(0, 2), { ...options, labels: "response" }).microBatches
    // The row of three tokens comes first: its only label is its third token, predicted by its second.
    assert.deepStrictEqual(numbers(feeds, "labels"), [12, 2, 3, 4])
    assert.deepStrictEqual(numbers(feeds, "rows"), [1, 4, 5, 6])
    assert.deepStrictEqual(numbers(feeds, "label places"), [-1, 0, -1, -1, 1, 2, 3, -1])
  })

  it("have dropout keys that belong to a row's tokens, whatever it is computed with", () => {
    const keys = (limit: number, step = 0) =>
      stepBatch(step, rows, { ...options, microBatchTokens: limit }).microBatches.flatMap((feeds) =>
        numbers(feeds, "dropout keys")
      )
    assert.deepStrictEqual(keys(1), keys(1000))
    assert.strictEqual(new Set(keys(1)).size, 17)
    assert.notDeepEqual(keys(1, 1), keys(1))
  })
})
