/** JSON on disk: written in one spelling, keys sorted by code unit, no spaces, so that equal values are equal bytes. */
import type * as Schema from "effect/Schema"

/** Spells a value; a key whose value is undefined counts as left out. */
export const canonicalJson = (value: Schema.Json): string => JSON.stringify(value, sortKeys)

/** Reads a text that may be cut short or damaged: undefined where it is no JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const sortKeys = (_key: string, value: unknown): unknown =>
  value === null || typeof value !== "object" || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
