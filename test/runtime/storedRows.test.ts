/** Rows of a matrix in a file are those that a graph gathers of the weight, to the bit; what is not there is refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { cast, gather, input, storedRows, weight } from "../../src/graph/build.ts"
import { serialize } from "../../src/graph/serialize.ts"
import { int32 } from "../../src/model/packing.ts"
import { codings } from "../../src/model/weights/elements.ts"
import { layerCpu } from "../../src/runtime/layer.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"

const [rows, columns] = [9, 5]
/** The matrix lies at no multiple of anything. */
const offset = 3

const acquire = Effect.flatMap(OnnxRuntime, (runtime) => runtime.acquire)

/** A file that holds a matrix of an element type. */
const matrixOf = (
  element: keyof typeof codings
): Effect.Effect<{ readonly file: string; readonly length: number }, never, Scope.Scope> =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "tanren-test-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true }))
    )
    const file = join(folder, "matrix")
    const values = Float32Array.from({ length: rows * columns }, (_, index) => 3 * Math.sin(index * index))
    const bytes = codings[element].encode(values)
    writeFileSync(file, Buffer.concat([new Uint8Array(offset), bytes]))
    return { file, length: bytes.length }
  })

const numbers = (...values: ReadonlyArray<number>) => ({ ids: int32([values.length], Int32Array.from(values)) })

/** A session that gives rows. */
const reading = (element: keyof typeof codings, file: string) => {
  const y = cast(storedRows({ file, offset, element, rows, columns }, input("ids", "int32", ["n"])), "float32")
  return Effect.flatMap(acquire, ({ open }) => open(serialize({ name: "rows", outputs: { y } })))
}

describe("rows of a matrix in a file", { timeout: 30_000 }, () => {
  for (const element of ["float32", "float16", "bfloat16"] as const) {
    it.effect(`of ${element} are those that a graph gathers, however many at a time`, () =>
      Effect.gen(function* () {
        const { file, length } = yield* matrixOf(element)
        const matrix = weight("matrix", element, [rows, columns], { file, offset, length })
        const gathered = gather(cast(matrix, "float32"), input("ids", "int32", ["n"]))
        const gathering = yield* Effect.flatMap(acquire, ({ open }) =>
          open(serialize({ name: "gathering", outputs: { y: gathered } }))
        )
        const session = yield* reading(element, file)
        for (const asked of [[3, 8, 0, 3], [7], [], [1, 2, 3, 4, 5, 6, 7, 8, 0]]) {
          const call = { feeds: numbers(...asked), fetch: ["y"] }
          assert.deepStrictEqual(yield* session.run(call), yield* gathering.run(call))
        }
      }).pipe(Effect.provide(layerCpu))
    )
  }

  it.effect("are refused where there are none, and the process goes on", () =>
    Effect.gen(function* () {
      const { file } = yield* matrixOf("float32")
      const session = yield* reading("float32", file)
      const refusal = (feeds: ReturnType<typeof numbers>) =>
        Effect.map(Effect.flip(session.run({ feeds, fetch: ["y"] })), ({ message }) => message)
      assert.match(yield* refusal(numbers(0, rows)), /no row 9 in a matrix of 9/)
      assert.match(yield* refusal(numbers(-1)), /no row -1/)
      yield* session.run({ feeds: numbers(rows - 1), fetch: ["y"] })
      truncateSync(file, offset + 4 * (rows * columns - 1))
      assert.match(yield* refusal(numbers(rows - 1)), /matrix ends within row 8/)
      yield* session.run({ feeds: numbers(rows - 2), fetch: ["y"] })
    }).pipe(Effect.provide(layerCpu))
  )
})
