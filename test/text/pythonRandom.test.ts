/** PythonRandom gives CPython's draws; golden/pythonRandom.json says which one wrote it. */
import { assert, describe, it } from "@effect/vitest"
import { createHash } from "node:crypto"
import { PythonRandom } from "../../src/text/pythonRandom.ts"
import { equal } from "../agreement/agreement.ts"
import golden from "./golden/pythonRandom.json" with { type: "json" }

const shuffled = <Items extends Uint32Array | Array<string>>(seed: number, items: Items): Items => {
  new PythonRandom(seed).shuffle<number | string>(items)
  return items
}

const range = (size: number) => Uint32Array.from({ length: size }, (_, i) => i)

describe("PythonRandom", () => {
  it.each(golden.draws)("draws what random.Random draws, seed $seed", (expected) => {
    const random = new PythonRandom(BigInt(expected.seed))
    equal(
      { tool: "CPython", what: "bits of random.Random" },
      [1, 5, 31, 32, 33, 48, 53].map((bits) => random.bits(bits)),
      expected.bits
    )
    const bounds = [1, 2, 3, 1000, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 53 - 1]
    equal(
      { tool: "CPython", what: "whole numbers of random.Random" },
      bounds.map((bound) => random.below(bound)),
      expected.below
    )
    equal(
      { tool: "CPython", what: "uniform numbers of random.Random" },
      Array.from({ length: 5 }, () => random.uniform()),
      expected.uniform
    )
    for (let i = 0; i < 2000; i++) random.uniform()
    assert.strictEqual(random.uniform(), expected.after2000)
  })

  it.each(golden.samples)("samples $count of $size on either side of the branch", (expected) => {
    const positions = new PythonRandom(expected.seed).sample(expected.size, expected.count)
    equal({ tool: "CPython", what: "random.sample" }, Array.from(positions), expected.positions)
  })

  it.each(golden.shuffles)("shuffles $size items", (expected) => {
    const rows = shuffled(expected.seed, range(expected.size))
    assert.deepStrictEqual(Array.from(rows.subarray(0, 8)), expected.first)
    equal(
      { tool: "CPython", what: "digests of random.shuffle" },
      createHash("sha256").update(rows).digest("hex"),
      expected.sha256
    )
  })

  it("shuffles an array of values as it shuffles their positions", () => {
    const names = Array.from("abcdefghij")
    const positions = shuffled(5, range(names.length))
    assert.deepStrictEqual(
      shuffled(5, [...names]),
      Array.from(positions, (i) => names[i])
    )
  })

  it.each(golden.fewShot)("orders documents and draws $shots examples each from one stream", (expected) => {
    const random = new PythonRandom(42)
    const order = range(expected.rows)
    random.shuffle(order)
    assert.deepStrictEqual(Array.from(order.subarray(0, 5)), expected.order)
    const samples = expected.samples.map(() => Array.from(random.sample(expected.train, expected.shots)))
    equal({ tool: "CPython", what: "documents and examples from one stream" }, samples, expected.samples)
  })

  it("takes a seed as a number or a bigint, and ignores its sign", () => {
    assert.strictEqual(new PythonRandom(-42).bits(32), new PythonRandom(42n).bits(32))
  })

  it("refuses what Python refuses", () => {
    const random = new PythonRandom(0)
    assert.throws(() => random.sample(3, 4), /4 items cannot be drawn from a population of 3/)
    assert.throws(() => random.below(0), /must be a whole number of 1 or more/)
    assert.throws(() => random.bits(54), /not 54/)
    assert.throws(() => new PythonRandom(0.5), RangeError)
  })
})
