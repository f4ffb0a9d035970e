/** Any value as JSON, with a line of text for what JSON has no form for. */
import type { Json } from "./ReportData.ts"

/** Typed arrays become lists, maps lists of pairs; big integers and numbers that are not finite become text. */
export const toJson = (value: unknown): Json => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      return Number.isFinite(value) ? value : String(value)
    case "object":
      return value === null ? null : fromObject(value)
    default:
      return String(value)
  }
}

const fromObject = (value: object): Json =>
  Symbol.iterator in value && typeof value[Symbol.iterator] === "function"
    ? Array.from(value as Iterable<unknown>, toJson)
    : Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toJson(part)]))

/** JSON text with two spaces of indentation and a final newline. */
export const jsonText = (value: Json): string => `${JSON.stringify(value, null, 2)}\n`
