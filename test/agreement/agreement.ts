/** Comparisons with reference tools: a test asserts them here, and so they come into the table of docs/agreement.md. */
import { assert } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { TestRunner } from "vitest"

/** What a test found out: how near this project came to a tool, in what. */
export interface Agreement {
  /** Name and version. */
  readonly tool: string
  readonly what: string
  /** How many values were compared. */
  readonly values: number
  /** The largest difference; 0 where the values are equal. */
  readonly difference: number
  /** In words: "equal", or the bound with its measure. */
  readonly tolerance: string
}

declare module "vitest" {
  interface TaskMeta {
    agreements?: Array<Agreement>
  }
}

/** A tool of test/reference, by as much of name and version as tells it from the others. */
export type Tool =
  | "CPython"
  | "deepspeed"
  | "lm_eval 0.3"
  | "lm_eval 0.4"
  | "numpy"
  | "peft"
  | "safetensors"
  | "scikit-learn"
  | "tokenizers"
  | "torch"
  | "transformers"

export interface Comparison {
  readonly tool: Tool
  readonly what: string
  /** Which of several cases this is, for the message of a failure alone. */
  readonly where?: string
}

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

/** Name and version of everything that made the golden files. */
const pinned: ReadonlyArray<string> = [
  ...["../reference/requirements.txt", "../reference/sources.txt"]
    .flatMap((path) => read(path).trim().split("\n"))
    .map((line) => line.replace("==", " ")),
  `CPython ${JSON.parse(read("../text/golden/pythonRandom.json")).python}`
]

const withVersion = (tool: Tool): string => {
  const [found, another] = pinned.filter((pin) => pin.startsWith(`${tool} `) || pin.startsWith(`${tool}.`))
  if (found === undefined || another !== undefined) throw new Error(`internal: ${tool} is not one of ${pinned.join()}`)
  return found
}

const note = (agreement: Agreement): void => {
  const test = TestRunner.getCurrentTest()
  if (test === undefined) throw new Error("internal: a comparison outside of a test")
  const { meta } = test
  meta.agreements = [...(meta.agreements ?? []), agreement]
}

/** How far two lists of one length are apart: `unit` follows the bound in words. */
interface Measure {
  readonly unit: string
  readonly of: (found: ReadonlyArray<number>, expected: ReadonlyArray<number>) => number
}

const largest = (values: ReadonlyArray<number>): number =>
  values.reduce((most, value) => (most >= value ? most : value), 0)

const minus = (found: ReadonlyArray<number>, expected: ReadonlyArray<number>): ReadonlyArray<number> =>
  found.map((value, index) => value - (expected[index] ?? NaN))

const measures = {
  absolute: { unit: "", of: (found, expected) => largest(minus(found, expected).map(Math.abs)) },
  "of the value": {
    unit: " of the value",
    of: (found, expected) =>
      largest(minus(found, expected).map((difference, index) => Math.abs(difference / (expected[index] ?? NaN))))
  },
  "of the norm": {
    unit: " of the norm",
    of: (found, expected) => Math.hypot(...minus(found, expected)) / Math.hypot(...expected)
  }
} as const satisfies { readonly [name: string]: Measure }

/** Asserts that numbers are those of a tool within a bound, by default the largest absolute difference. */
export const agree = (
  {
    measure = "absolute",
    tool,
    what,
    where = what,
    within
  }: Comparison & {
    readonly within: number
    readonly measure?: keyof typeof measures
  },
  found: ArrayLike<number>,
  expected: ArrayLike<number>
): void => {
  assert.isAbove(expected.length, 0, where)
  assert.strictEqual(found.length, expected.length, where)
  const { of, unit } = measures[measure]
  const difference = of(Array.from(found), Array.from(expected))
  assert.isAtMost(difference, within, where)
  const tolerance = `${within.toExponential().replace("e+0", "")}${unit}`
  note({ tool: withVersion(tool), what, values: expected.length, difference, tolerance })
}

/** The values in a tree of lists and records. */
const leaves = (value: unknown): number => {
  if (typeof value !== "object" || value === null) return 1
  return Object.values(value).reduce((count: number, part) => count + leaves(part), 0)
}

/** Asserts that values are exactly those of a tool. */
export const equal = ({ tool, what, where = what }: Comparison, found: unknown, expected: unknown): void => {
  assert.deepStrictEqual(found, expected, where)
  note({ tool: withVersion(tool), what, values: leaves(expected), difference: 0, tolerance: "equal" })
}
