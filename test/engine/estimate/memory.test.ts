/** Whether work fits a machine, and what is advised where it does not. */
import { assert, describe, test } from "vitest"
import { excessOf, neededOf } from "../../../src/engine/estimate/memory.ts"
import type { Memory } from "../../../src/pipeline/Estimate.ts"

const memory: Memory = { weights: 10e9, converted: 0, replaced: 0, registers: 1e9, activations: 20e9 }
const machine = { memory: 64e9, deviceMemory: 80e9, freeDisk: null }

const work = {
  tokens: 1,
  flop: 1,
  memory,
  remedies: () => [
    { option: 'recomputation: "layers"', memory: { ...memory, activations: 10e9 } },
    { option: "microBatchTokens: 512", memory: { ...memory, activations: 5e9 } },
    { option: "microBatchTokens: 256", memory: { ...memory, activations: 2e9 } }
  ],
  probe: { inputs: {}, config: {}, flop: 1, memory }
}

describe("need", () => {
  test("processes on the CPU share the weights and nothing else", () => {
    const [one, two] = [neededOf(memory, "cpu", 1), neededOf(memory, "cpu", 2)]
    assert.isNull(one.device)
    assert.isAbove(two.host - one.host, 21e9)
    assert.isBelow(two.host - one.host, 25e9)
  })

  test("a device holds weights in the element type they are computed in, and activations; the host holds registers", () => {
    const needed = neededOf({ ...memory, converted: 5e9, replaced: 10e9 }, "cuda", 1)
    assert.isAbove(needed.device ?? 0, 25e9)
    assert.isBelow(needed.device ?? 0, 30e9)
    assert.isBelow(needed.host, 12e9)
  })
})

describe("advice", () => {
  test("there is none where all fits", () => assert.isNull(excessOf(work, "cpu", 1, machine)))

  test("the first option that makes it fit is enough", () => {
    const excess = excessOf(work, "cpu", 1, { ...machine, memory: 24e9 })
    assert.deepInclude(excess, { of: "memory", has: 24e9 })
    assert.deepStrictEqual(excess?.remedy?.options, ['recomputation: "layers"'])
  })

  test("options are taken together, each with its last value", () => {
    const excess = excessOf(work, "cuda", 1, { ...machine, deviceMemory: 14e9 })
    assert.strictEqual(excess?.of ?? null, "device memory")
    assert.deepStrictEqual(excess?.remedy?.options, ['recomputation: "layers"', "microBatchTokens: 256"])
  })

  test("where none helps, that is said", () => {
    assert.isNull(excessOf(work, "cpu", 1, { ...machine, memory: 5e9 })?.remedy)
  })
})
