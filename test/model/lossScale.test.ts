/** The loss scale moves as DeepSpeed 0.8.3's does, and a log alone tells where it stands. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { firstLossScale, isExhausted, lossScaleAfter, nextLossScale } from "../../src/model/lossScale.ts"
import { goldenText } from "./support.ts"

const Sequence = Schema.Struct({
  steps: Schema.Array(Schema.Tuple([Schema.Boolean, Schema.Int])),
  scales: Schema.Array(Schema.Tuple([Schema.Finite, Schema.Int])),
  ended: Schema.NullOr(Schema.Int)
})
const Reference = Schema.fromJsonString(Schema.Record(Schema.String, Sequence))
const reference = Schema.decodeUnknownSync(Reference)(goldenText("half", "lossScales.json"))

const spread = <A>(runs: ReadonlyArray<readonly [A, number]>): ReadonlyArray<A> =>
  runs.flatMap(([value, count]) => Array<A>(count).fill(value))

describe.each(Object.entries(reference))("the loss scale: %s", (_, { ended, scales, steps }) => {
  const overflows = spread(steps)

  it("is DeepSpeed's at every step, and ends where that does", () => {
    const found: Array<number> = []
    let scale = firstLossScale
    let end: number | null = null
    for (const [step, overflowed] of overflows.entries()) {
      found.push(scale.scale)
      if (overflowed && isExhausted(scale)) {
        end = step
        break
      }
      scale = nextLossScale(scale, overflowed)
    }
    assert.deepStrictEqual(found, spread(scales))
    assert.strictEqual(end, ended)
  })

  it("is read off a log", () => {
    const log = overflows.map((overflowed) => ({ gradientNorm: overflowed ? null : 1 }))
    const half = Math.floor(log.length / 2)
    const later = log
      .slice(half)
      .reduce(
        (scale, { gradientNorm }) => nextLossScale(scale, gradientNorm === null),
        lossScaleAfter(log.slice(0, half))
      )
    assert.deepStrictEqual(lossScaleAfter(log), later)
    assert.strictEqual(later.taken, overflows.filter((overflowed) => !overflowed).length)
  })
})
