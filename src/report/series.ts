/** Curves as lists of points: smoothing, thinning for display, and round numbers for axes. */

export interface Point {
  readonly x: number
  readonly y: number
}

/** How many points the smoothed curve takes its means over: a twenty-fifth of all, and an odd number. */
export const windowOf = (points: ReadonlyArray<unknown>): number => 2 * Math.round(points.length / 50) + 1

/**
 * The mean of each point and its neighbours, `window` (odd) in all. Near an end both sides shrink alike, so that the
 * curve neither lags nor bends.
 */
export const smooth = (points: ReadonlyArray<Point>, window: number): ReadonlyArray<Point> => {
  const sums = new Float64Array(points.length + 1)
  points.forEach(({ y }, i) => (sums[i + 1] = (sums[i] ?? 0) + y))
  return points.map(({ x }, i) => {
    const reach = Math.min((window - 1) / 2, i, points.length - 1 - i)
    return { x, y: ((sums[i + reach + 1] ?? 0) - (sums[i - reach] ?? 0)) / (2 * reach + 1) }
  })
}

/** At most 2 × `buckets` points that look the same: of each stretch of the curve its lowest and its highest. */
export const thin = (points: ReadonlyArray<Point>, buckets: number): ReadonlyArray<Point> => {
  if (points.length <= 2 * buckets) return points
  const kept: Array<Point> = []
  for (let bucket = 0; bucket < buckets; bucket++) {
    const stretch = points.slice(...[bucket, bucket + 1].map((edge) => Math.floor((edge * points.length) / buckets)))
    const lowest = stretch.reduce((a, b) => (b.y < a.y ? b : a))
    const highest = stretch.reduce((a, b) => (b.y > a.y ? b : a))
    kept.push(...(lowest === highest ? [lowest] : lowest.x < highest.x ? [lowest, highest] : [highest, lowest]))
  }
  return kept
}

/** Every so many entries of a list, the first and the last among them: at most `most` of them. */
export const sample = <A>(list: ReadonlyArray<A>, most: number): ReadonlyArray<A> => {
  if (list.length <= most) return list
  const step = (list.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, i) => list[Math.round(i * step)]).filter((entry) => entry !== undefined)
}

/** Smallest and largest value; a single value is given some room, and no value at all the unit interval. */
export const extent = (values: ReadonlyArray<number>): readonly [number, number] => {
  const low = values.reduce((a, b) => Math.min(a, b), Infinity)
  const high = values.reduce((a, b) => Math.max(a, b), -Infinity)
  if (low > high) return [0, 1]
  const room = low === high ? Math.abs(low) * 0.1 || 1 : 0
  return [low - room, high + room]
}

/** Round numbers (1, 2 or 5 times a power of ten) within an interval, about `wanted` of them. */
export const ticks = ([low, high]: readonly [number, number], wanted: number): ReadonlyArray<number> => {
  const rough = (high - low) / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * 0.999) ?? 10 * power
  const first = Math.ceil(low / step - 1e-9)
  const last = Math.floor(high / step + 1e-9)
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)))
}
