/** Arithmetic on shapes in which some sizes are only names. */
import { ShapeMismatch } from "./Errors.ts"
import type { Dimension, Shape } from "./Tensor.ts"

/** A shape as people write it: [tokens, 768]. */
export const show = (shape: Shape): string => `[${shape.join(", ")}]`

export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((dimension, axis) => dimension === b[axis])

/** The size at an axis that is known to exist. */
export const dimensionAt = (shape: Shape, axis: number): Dimension => {
  const dimension = shape[axis]
  if (dimension === undefined) throw new Error(`internal: no axis ${axis} in ${show(shape)}`)
  return dimension
}

/** The shape with one size replaced. */
export const withDimension = (shape: Shape, axis: number, dimension: Dimension): Shape => shape.with(axis, dimension)

/** Counts an axis from the front; negative ones are given from the back. */
export const normalizeAxis = (operator: string, axis: number, rank: number): number => {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeMismatch({ operator, expected: `an axis of a tensor of rank ${rank}`, found: `axis ${axis}` })
  }
  return axis < 0 ? axis + rank : axis
}

/** The shape of an element-wise result, aligned from the right as in numpy; a name broadcasts with itself and 1. */
export const broadcast = (operator: string, a: Shape, b: Shape): Shape => {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1
    const right = b[axis - rank + b.length] ?? 1
    if (left === right || right === 1) return left
    if (left === 1) return right
    throw new ShapeMismatch({ operator, expected: "shapes that broadcast", found: `${show(a)} and ${show(b)}` })
  })
}

/** The axes of `full` along which broadcasting repeats a tensor of shape `part`. */
export const repeatedAxes = (part: Shape, full: Shape): ReadonlyArray<number> => {
  const added = full.length - part.length
  return full
    .keys()
    .filter((axis) => axis < added || (part[axis - added] === 1 && full[axis] !== 1))
    .toArray()
}

/** The size of a concatenation: a number, or a name such as "past+length". */
export const total = (dimensions: Shape): Dimension => {
  const sum = dimensions.reduce<number>((all, dimension) => (typeof dimension === "number" ? all + dimension : all), 0)
  const names = dimensions.filter((dimension) => typeof dimension === "string")
  if (names.length === 0) return sum
  return sum === 0 ? names.join("+") : [...names, sum].join("+")
}

/** The size of what lies between `start` and `end` (negative: from the back; absent: the end). */
export const extent = (operator: string, dimension: Dimension, start: number, end: number | undefined): Dimension => {
  if (start < 0) throw new ShapeMismatch({ operator, expected: "a start of 0 or more", found: String(start) })
  if (typeof dimension === "string") {
    if (end !== undefined && end >= 0) return positive(operator, end - start, `${start} to ${end}`)
    const removed = start - (end ?? 0)
    return removed === 0 ? dimension : `${dimension}-${removed}`
  }
  const stop = end === undefined ? dimension : end < 0 ? dimension + end : end
  if (stop > dimension)
    throw new ShapeMismatch({ operator, expected: `an end within ${dimension}`, found: String(end) })
  return positive(operator, stop - start, `${start} to ${stop}`)
}

const positive = (operator: string, size: number, range: string): number => {
  if (size <= 0) throw new ShapeMismatch({ operator, expected: "a range that is not empty", found: range })
  return size
}

/**
 * Refuses a reshape that cannot keep the number of elements. Names on both sides cancel; names left over must stand on
 * both sides, for then the run decides ([sequences, length, 64] → ["slots", 64]).
 */
export const checkReshape = (from: Shape, to: Shape): void => {
  const gone = withoutNamesOf(from, to)
  const fresh = withoutNamesOf(to, from)
  const fits =
    gone.length === 0 && fresh.length === 0
      ? numericPart(from) === numericPart(to)
      : gone.length > 0 && fresh.length > 0
  if (!fits)
    throw new ShapeMismatch({ operator: "Reshape", expected: `as many elements as ${show(from)} has`, found: show(to) })
}

/** The names of `shape`, each as often as it is there more often than in `other`. */
const withoutNamesOf = (shape: Shape, other: Shape): Array<string> => {
  const left = other.filter((dimension) => typeof dimension === "string")
  return shape
    .filter((dimension) => typeof dimension === "string")
    .filter((name) => {
      const index = left.indexOf(name)
      if (index >= 0) left.splice(index, 1)
      return index < 0
    })
}

/** The product of the sizes that are numbers. */
export const numericPart = (shape: Shape): number =>
  shape.reduce<number>((all, dimension) => (typeof dimension === "number" ? all * dimension : all), 1)
