/** What sequences begin with in common: computed once, and kept as keys and values that all of them see. */
import type { Sequence } from "./packing.ts"

/** Tokens that must be saved before it pays to compute a prefix by itself, which reads all weights once more. */
const worthwhile = 256

const lengthInCommon = (a: Sequence, b: Sequence, most: number): number => {
  let length = 0
  while (length < most && a.ids[length] === b.ids[length] && b.segment[length] === 0) length++
  return length
}

/**
 * How many tokens all sequences begin with, none of them in a branch; 0 where too few are saved. Each sequence keeps the
 * tokens from `first` on, a function of the sequence. Positions count from the beginning, so equal tokens at equal
 * places have equal keys and values.
 */
export const prefixLength = <A extends Sequence>(
  sequences: ReadonlyArray<A>,
  first: (sequence: A) => number
): number => {
  const [one] = sequences
  if (one === undefined) return 0
  const length = sequences.reduce(
    (common, sequence) => Math.min(lengthInCommon(one, sequence, common), first(sequence)),
    first(one)
  )
  return length * (sequences.length - 1) < worthwhile ? 0 : length
}

/** The first tokens of a sequence. */
export const beginning = ({ ids, position, segment }: Sequence, length: number): Sequence => ({
  ids: ids.subarray(0, length),
  position: position.subarray(0, length),
  segment: segment.subarray(0, length)
})

/** A sequence without its first tokens; positions stay as they are. */
export const rest = ({ ids, position, segment }: Sequence, length: number): Sequence => ({
  ids: ids.subarray(length),
  position: position.subarray(length),
  segment: segment.subarray(length)
})
