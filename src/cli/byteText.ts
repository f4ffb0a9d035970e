/** Sizes for people. */

const units = ["kB", "MB", "GB", "TB"] as const

/** "1.5 GB", in powers of a thousand. */
export const byteText = (bytes: number): string => {
  const power = units.findLastIndex((_, index) => bytes >= 1000 ** (index + 1))
  const unit = units[power]
  return unit === undefined ? `${bytes} bytes` : `${(bytes / 1000 ** (power + 1)).toFixed(1)} ${unit}`
}

/** "1 result", "2 results". */
export const countText = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`
