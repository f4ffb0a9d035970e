/** A memory of pieces gives the ids that a piece had, or says that it does not know it; and it never holds more than it may. */
import { assert, describe, it } from "@effect/vitest"
import { pieceMemory } from "../../src/text/pieceMemory.ts"

const recalled = (memory: ReturnType<typeof pieceMemory>, piece: string): ReadonlyArray<number> | null => {
  const ids = new Int32Array(1_000)
  const end = memory.recall(`<${piece}>`, 1, 1 + piece.length, ids, 2)
  return end < 0 ? null : Array.from(ids.subarray(2, end))
}

const offer = (memory: ReturnType<typeof pieceMemory>, piece: string, ids: ReadonlyArray<number>): void =>
  memory.remember(piece, 0, piece.length, Int32Array.of(-1, ...ids), 1, 1 + ids.length)

const remember = (memory: ReturnType<typeof pieceMemory>, piece: string, ids: ReadonlyArray<number>): void => {
  offer(memory, piece, ids)
  offer(memory, piece, ids)
}

describe("pieceMemory", () => {
  it("tells pieces apart by each of their characters, wherever they stand", () => {
    const memory = pieceMemory()
    const pieces = ["a", "b", "ab", "ba", "鍛", "鍛錬", "鍛鍊", "\u0000", "\u0000\u0000", "0", "00"]
    assert.isNull(recalled(memory, "a"))
    pieces.forEach((piece, i) => remember(memory, piece, [i, i + 1, 7 * i]))
    pieces.forEach((piece, i) => assert.deepStrictEqual(recalled(memory, piece), [i, i + 1, 7 * i]))
    assert.isNull(recalled(memory, "abc"))
    remember(memory, "nothing", [])
    assert.deepStrictEqual(recalled(memory, "nothing"), [])
  })

  it("remembers what it is told twice", () => {
    const memory = pieceMemory()
    offer(memory, "鍛錬", [1, 2])
    assert.isNull(recalled(memory, "鍛錬"))
    offer(memory, "鍛", [3])
    offer(memory, "鍛錬", [1, 2])
    assert.deepStrictEqual(recalled(memory, "鍛錬"), [1, 2])
    assert.isNull(recalled(memory, "鍛"))
  })

  it.each([
    ["pieces", 200_000, 1, 1],
    ["characters", 20_000, 100, 1],
    ["ids", 20_000, 10, 200]
  ])("forgets rather than holds ever more %s, and never errs", (_, count, length, ids) => {
    const memory = pieceMemory()
    const nameOf = (i: number) => String(i).padStart(6, "0").padStart(length, "_")
    const idsOf = (i: number) => Array.from({ length: ids }, (_, at) => i + at)
    for (let i = 0; i < count; i++) {
      remember(memory, nameOf(i), idsOf(i))
      assert.deepStrictEqual(recalled(memory, nameOf(i))?.at(-1), i + ids - 1)
    }
    const known = Array.from({ length: count }, (_, i) => recalled(memory, nameOf(i)))
    assert.isTrue(known.some((found) => found === null))
    known.forEach((found, i) => assert.deepStrictEqual(found ?? idsOf(i), idsOf(i)))
  })
})
