/** Numbers and expectations as people read them. */
import type { Expectation } from "../pipeline/Experiment.ts"

/** Proportions (accuracy, F1) take three decimals; quantities (perplexity, loss) four significant digits. */
export type Style = "proportion" | "quantity"

/** One style for a whole column, so that its numbers line up. */
export const styleOf = (values: ReadonlyArray<number>): Style => {
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return largest <= 1 && (largest >= 0.01 || largest === 0) ? "proportion" : "quantity"
}

const decimalsFor = (value: number, style: Style): number => {
  if (style === "proportion" || value === 0) return 3
  return Math.min(100, Math.max(0, 3 - Math.floor(Math.log10(Math.abs(value)))))
}

const minus = "\u2212"

const grouped = (digits: string): string => digits.replace(/^\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","))

/** Outside this range a quantity is written with a power of ten. */
const plain = (value: number): boolean => value === 0 || (Math.abs(value) >= 1e-4 && Math.abs(value) < 1e9)

const magnitude = (value: number, decimals: number): string =>
  plain(value) ? grouped(Math.abs(value).toFixed(decimals)) : Math.abs(value).toExponential(3)

/** A number in a style: 0.459, 29.90, 1,499. */
export const number = (value: number, style: Style): string =>
  (value < 0 ? minus : "") + magnitude(value, decimalsFor(value, style))

/** A number and its standard error, with as many decimals as the number: 29.90 ± 0.42. */
export const score = (value: number, standardError: number | null, style: Style): string =>
  standardError === null
    ? number(value, style)
    : `${number(value, style)} ± ${magnitude(standardError, decimalsFor(value, style))}`

/** A difference with its sign: +0.016, −1.20. */
export const signed = (difference: number, style: Style): string =>
  (difference < 0 ? minus : "+") + magnitude(difference, decimalsFor(difference, style))

/** A change with its sign: +0.165, or −216.7 (−87.9 %). Proportions have no share: it would read as points. */
export const change = (difference: number, from: number, style: Style): string => {
  const absolute = signed(difference, style)
  if (style === "proportion" || from === 0) return absolute
  const share = (difference / Math.abs(from)) * 100
  return `${absolute} (${share < 0 ? minus : "+"}${grouped(Math.abs(share).toFixed(1))} %)`
}

/** A number with all its digits and no noise of binary fractions: 0.0003, 1.25, 1,499. */
export const exact = (value: number): string => {
  const text = String(Number(Math.abs(value).toPrecision(12)))
  return (value < 0 ? minus : "") + (text.includes("e") ? text : grouped(text))
}

/** A count: 1,400,000. */
export const count = (value: number): string => grouped(value.toFixed(0))

/** What was expected: 29.9 ± 5 %, ≥ 0.5. */
export const expectation = (expected: Expectation): string => {
  switch (expected.kind) {
    case "atLeast":
      return `≥ ${exact(expected.value)}`
    case "atMost":
      return `≤ ${exact(expected.value)}`
    case "near":
      return (
        `${exact(expected.value)} ± ` +
        ("relative" in expected.tolerance
          ? `${exact(expected.tolerance.relative * 100)} %`
          : exact(expected.tolerance.absolute))
      )
  }
}

/** A count with its noun: 1 model, 3 models. */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? "" : "s"}`
