/** The short way to a config's JSON: most configs are plain JSON once they are encoded, and need neither effects nor paths. */
import * as Schema from "effect/Schema"
import type { JsonValue } from "./JsonValue.ts"

/** The same value as JSON, what is undefined left out of records; null where anything in it takes the long way. */
export const plainJson = (value: unknown): JsonValue => {
  const json = parse(value)
  return json === undefined ? null : json
}

const parse = (value: unknown): JsonValue | undefined => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : undefined
    case "object":
      if (value === null) return value
      if (Schema.isSchema(value)) return undefined
      return Array.isArray(value) ? list(value) : record(value)
    default:
      return undefined
  }
}

const list = (items: ReadonlyArray<unknown>): JsonValue | undefined => {
  const found: Array<JsonValue> = []
  for (const item of items) {
    const json = parse(item)
    if (json === undefined) return undefined
    found.push(json)
  }
  return found
}

const record = (value: object): JsonValue | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return undefined
  const found: Array<readonly [string, JsonValue]> = []
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    const json = parse(item)
    if (json === undefined) return undefined
    found.push([key, json])
  }
  return Object.fromEntries(found)
}
