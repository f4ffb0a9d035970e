/** What tests of training share: tables of tokens, and adapters as numbers. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AdapterTensors } from "../../src/model/lora.ts"
import { readSafetensors } from "../../src/model/weights/safetensors.ts"
import type { TrainingLog } from "../../src/pipeline/Measurement.ts"
import type { FilesReader } from "../../src/pipeline/Reader.ts"
import { Int32s } from "../../src/table/RowSchema.ts"
import { agree } from "../agreement/agreement.ts"
import { tableReader } from "./support.ts"

const Row = Schema.Struct({ ids: Int32s, promptTokens: Schema.Int })
/** Rows of tokens, all of them labels. */
export const table = (rows: ReadonlyArray<ReadonlyArray<number>>) =>
  tableReader(
    rows.map((row) => ({ ids: Int32Array.from(row), promptTokens: 1 })),
    Row
  )

/** An adapter's matrices. */
export const adapterOf = Effect.fn("adapterOf")(function* (files: FilesReader) {
  const path = "adapter_model.safetensors"
  const bytes = (yield* files.bytes(path)).slice()
  const stored = yield* readSafetensors(files, path)
  return new Map(
    [...stored].map(
      ([
        name,
        {
          length,
          offset,
          shape: [rows = 0, columns = 0]
        }
      ]) =>
        [
          name,
          {
            shape: [rows, columns] as const,
            data: new Float32Array(bytes.slice(offset, offset + length).buffer)
          }
        ] as const
    )
  ) satisfies AdapterTensors
})

/** All values of an adapter, its matrices in the order of their names. */
export const valuesOf = (tensors: AdapterTensors): ReadonlyArray<number> =>
  [...tensors].toSorted(([x], [y]) => (x < y ? -1 : 1)).flatMap(([, { data }]) => Array.from(data))

/** The distance of two adapters as a share of the second one's norm. */
export const relativeDistance = (a: AdapterTensors, b: AdapterTensors): number => {
  const norm = (values: ReadonlyArray<number>) => Math.hypot(...values)
  const [left, right] = [valuesOf(a), valuesOf(b)]
  return left.length === right.length
    ? norm(left.map((value, index) => value - (right[index] ?? NaN))) / norm(right)
    : Infinity
}

/** What a reference tool gives of a training, a number a step. */
export interface Course {
  readonly losses: ReadonlyArray<number>
  readonly gradientNorms: ReadonlyArray<number>
  readonly learningRates: ReadonlyArray<number>
}

/** Holds every step's figures against torch's, and its learning rate against that of the tool that made the schedule. */
export const agreeOnCourse = (
  course: string,
  scheduler: "torch" | "deepspeed",
  { steps }: TrainingLog,
  expected: Course
): void => {
  agree(
    { tool: "torch", what: `${course}: losses`, within: 1e-4 },
    steps.map(({ loss }) => loss),
    expected.losses
  )
  agree(
    { tool: "torch", what: `${course}: gradient norms`, within: 1e-3 },
    steps.map(({ gradientNorm }) => gradientNorm ?? NaN),
    expected.gradientNorms
  )
  agree(
    { tool: scheduler, what: `${course}: learning rates`, within: 1e-12 },
    steps.map(({ learningRate }) => learningRate),
    expected.learningRates
  )
}
