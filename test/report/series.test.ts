/** Smoothing, thinning and axes of curves. */
import { assert, describe, it } from "@effect/vitest"
import { extent, sample, smooth, thin, ticks, windowOf } from "../../src/report/series.ts"

const wave = Array.from({ length: 5_000 }, (_, x) => ({ x, y: Math.sin(x / 7) + (x === 2_345 ? 9 : 0) }))

describe("smoothing", () => {
  it("keeps a straight line as it is, up to its ends", () => {
    const line = Array.from({ length: 30 }, (_, x) => ({ x, y: 3 * x + 1 }))
    smooth(line, 7).forEach(({ y }, i) => assert.closeTo(y, 3 * i + 1, 1e-9))
  })

  it("takes the mean of the neighbours", () => {
    const points = [0, 0, 9, 0, 0].map((y, x) => ({ x, y }))
    assert.deepStrictEqual(
      smooth(points, 3).map(({ y }) => y),
      [0, 3, 3, 3, 0]
    )
  })

  it("has an odd window, which leaves short curves alone", () => {
    assert.strictEqual(windowOf(wave.slice(0, 20)), 1)
    assert.strictEqual(windowOf(wave) % 2, 1)
  })
})

describe("thinning", () => {
  it("leaves few points, in order, with the peaks among them", () => {
    const thinned = thin(wave, 100)
    assert.isAtMost(thinned.length, 200)
    assert.isTrue(thinned.every(({ x }, i) => i === 0 || x > (thinned[i - 1]?.x ?? Infinity)))
    assert.deepStrictEqual(extent(thinned.map(({ y }) => y)), extent(wave.map(({ y }) => y)))
  })

  it("leaves a short curve alone", () => assert.strictEqual(thin(wave.slice(0, 50), 100).length, 50))

  it("samples a list with both of its ends", () => {
    const sampled = sample(wave, 50)
    assert.strictEqual(sampled.length, 50)
    assert.deepStrictEqual([sampled[0]?.x, sampled.at(-1)?.x], [0, 4_999])
  })
})

describe("axes", () => {
  it("have round numbers inside the interval", () => {
    assert.deepStrictEqual(ticks([0.97, 3.7], 5), [1, 2, 3])
    assert.deepStrictEqual(ticks([0, 0.0003], 3), [0, 0.0001, 0.0002, 0.0003])
    assert.deepStrictEqual(ticks([1, 240], 4), [100, 200])
  })

  it("have room for a single value and for none", () => {
    assert.deepStrictEqual(extent([2]), [1.8, 2.2])
    assert.deepStrictEqual(extent([]), [0, 1])
  })
})
