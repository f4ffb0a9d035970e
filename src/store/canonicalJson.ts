/** JSON in one spelling: keys sorted by code unit, no spaces, so that equal values are equal bytes. */
import type * as Schema from "effect/Schema"

/**
 * Spells a value of finite numbers, each in ECMAScript's shortest form (RFC 8785). A key whose value is undefined counts
 * as left out.
 */
export const canonicalJson = (value: Schema.Json): string => {
  if (value === null || typeof value !== "object") return JSON.stringify(value)
  return isList(value) ? `[${value.map(canonicalJson).join(",")}]` : record(value, canonicalJson)
}

/** Spells a record of values that are spelled already. */
export const canonicalRecord = (texts: { readonly [key: string]: string }): string => record(texts, (text) => text)

const record = <A>(fields: { readonly [key: string]: A }, spell: (value: A) => string): string => {
  const texts: Array<string> = []
  for (const key of Object.keys(fields).sort()) {
    const value = fields[key]
    if (value !== undefined) texts.push(`${JSON.stringify(key)}:${spell(value)}`)
  }
  return `{${texts.join(",")}}`
}

/** Tells a list from a record, which `Array.isArray` cannot where the list is read-only. */
const isList = (value: Schema.JsonArray | Schema.JsonObject): value is Schema.JsonArray => Array.isArray(value)

/** Reads a text that may be cut short or damaged: undefined where it is no JSON. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Whether what was read is a record. */
export const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
