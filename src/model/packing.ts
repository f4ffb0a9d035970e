/** Token-major batches: the inputs through which a graph receives sequences unpadded, and their values. */
import { input } from "../graph/build.ts"
import type { HostTensor } from "../runtime/OnnxRuntime.ts"
import type { Tokens } from "./architecture.ts"
import type { Layout } from "./attention.ts"

/** One sequence: arrays of one length. `segment` is 0 for what all of it shares, i > 0 for its branch i. */
export interface Sequence {
  readonly ids: Int32Array
  readonly position: Int32Array
  readonly segment: Int32Array
}

/** Values for the inputs of a graph. */
export type Feeds = Readonly<Record<string, HostTensor>>

/** The symbols that `packingFeeds` has values for. */
export const packingInputs = (): Tokens & Layout => ({
  ids: input("ids", "int32", ["tokens"]),
  position: input("position", "int32", ["tokens"]),
  index: input("index", "int32", ["sequences", "length"]),
  inverse: input("inverse", "int32", ["tokens"]),
  segment: input("segment", "int32", ["sequences", "length"])
})

const count = (size: number): Int32Array => Int32Array.from({ length: size }, (_, index) => index)

/** A text as it is. */
export const plainSequence = (ids: Int32Array): Sequence => ({
  ids,
  position: count(ids.length),
  segment: new Int32Array(ids.length)
})

/**
 * A context that several continuations share: each sees the context and itself, and goes on from the context's
 * position.
 */
export const branchingSequence = (context: Int32Array, branches: ReadonlyArray<Int32Array>): Sequence => {
  const length = branches.reduce((all, branch) => all + branch.length, context.length)
  const ids = new Int32Array(length)
  const position = new Int32Array(length)
  const segment = new Int32Array(length)
  ids.set(context)
  position.set(count(context.length))
  let at = context.length
  branches.forEach((branch, index) => {
    ids.set(branch, at)
    for (let offset = 0; offset < branch.length; offset++) position[at + offset] = context.length + offset
    segment.fill(index + 1, at, at + branch.length)
    at += branch.length
  })
  return { ids, position, segment }
}

export const int32 = (shape: ReadonlyArray<number>, data: Int32Array): HostTensor => ({ element: "int32", shape, data })
export const float32 = (shape: ReadonlyArray<number>, data: Float32Array): HostTensor => ({
  element: "float32",
  shape,
  data
})

/** Where each sequence begins in the token-major order. */
export const starts = (sequences: ReadonlyArray<{ readonly ids: Int32Array }>): ReadonlyArray<number> => {
  let at = 0
  return sequences.map(({ ids }) => {
    const start = at
    at += ids.length
    return start
  })
}

/** Values for `packingInputs`. Their size is that of the tokens, but for two int32 per padded place. */
export const packingFeeds = (sequences: ReadonlyArray<Sequence>): Feeds => {
  const tokens = sequences.reduce((all, { ids }) => all + ids.length, 0)
  const length = Math.max(...sequences.map(({ ids }) => ids.length))
  const ids = new Int32Array(tokens)
  const position = new Int32Array(tokens)
  const inverse = new Int32Array(tokens)
  const index = new Int32Array(sequences.length * length).fill(-1)
  const segment = new Int32Array(sequences.length * length).fill(-1)
  let token = 0
  sequences.forEach((sequence, row) => {
    ids.set(sequence.ids, token)
    position.set(sequence.position, token)
    segment.set(sequence.segment, row * length)
    for (let place = row * length; place < row * length + sequence.ids.length; place++, token++) {
      inverse[token] = place
      index[place] = token
    }
  })
  return {
    ids: int32([tokens], ids),
    position: int32([tokens], position),
    index: int32([sequences.length, length], index),
    inverse: int32([tokens], inverse),
    segment: int32([sequences.length, length], segment)
  }
}
