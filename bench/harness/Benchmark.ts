/** A benchmark is a value: the work in words, what it should reach, and a function that has both sides do it. */
import type { Tools } from "./tools.ts"

/** What the figure, or its ratio to the peer's figure, must be. */
export interface Goal {
  readonly of: "figure" | "ratio"
  readonly bound: "at least" | "at most"
  readonly value: number
  /** What it had to be before that was met easily. */
  readonly raisedFrom?: number
}

/** What one side reached, and the most memory that its process tree held (bytes; null where it is not measured). */
export interface Measured {
  readonly value: number
  readonly peak: number | null
}

/** A part of what the machine can do at best, measured in the same run. */
export interface Share {
  /** What the limit is, in words. */
  readonly of: string
  readonly value: number
  readonly limit: number
  readonly unit: string
}

/** Both sides of one piece of work. */
export interface Comparison {
  readonly unit: string
  readonly tanren: Measured
  /** Null where the goal is a figure that no peer has. */
  readonly peer: Measured | null
  readonly share?: Share
  /** How the figures were taken from the repetitions: "median of 3". */
  readonly method: string
  /** What shows that both sides computed the same. */
  readonly proof: string
}

export interface Benchmark<Case extends string = string> {
  /** The name of its file. */
  readonly name: string
  readonly work: string
  /** Who is compared with: "PEFT + torch". */
  readonly peer: string
  /** Whether it belongs to those that take ten minutes together; the others run only by name. */
  readonly quick: boolean
  /** What each case should reach. */
  readonly goals: Readonly<Record<Case, Goal>>
  readonly run: (tools: Tools) => Promise<Readonly<Record<Case, Comparison>>>
}

/** Holds the cases that are run to those that have goals. */
export const benchmark = <Case extends string>(value: Benchmark<Case>): Benchmark<Case> => value

/** Tanren's figure over the peer's. */
export const ratioOf = ({ peer, tanren }: Comparison): number | undefined =>
  peer === null ? undefined : tanren.value / peer.value

/** Undefined where the goal is a ratio and nobody is compared with. */
export const isMet = (goal: Goal, comparison: Comparison): boolean | undefined => {
  const reached = goal.of === "figure" ? comparison.tanren.value : ratioOf(comparison)
  if (reached === undefined) return undefined
  return goal.bound === "at least" ? reached >= goal.value : reached <= goal.value
}
