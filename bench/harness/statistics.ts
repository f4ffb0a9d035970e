/** One number for several. */

/** The middle value, or the mean of the two in the middle. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2
}

/** The largest of the peaks; null where one is not measured. */
export const largestPeak = (runs: ReadonlyArray<{ readonly peak: number | null }>): number | null =>
  runs.reduce<number | null>((all, { peak }) => (all === null || peak === null ? null : Math.max(all, peak)), 0)
