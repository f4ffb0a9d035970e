/** What changed between two configs, value by value: how a rerun is explained. */
import { isList, type JsonValue } from "./JsonValue.ts"

/** A value that is not the same; `undefined` where it is absent. */
export interface Difference {
  /** Path of the value: "targets[0]"; "" is the whole. */
  readonly path: string
  readonly before: JsonValue | undefined
  readonly after: JsonValue | undefined
}

type Found = JsonValue | undefined

const isRecord = (value: Found): value is { readonly [key: string]: JsonValue } =>
  value !== undefined && value !== null && typeof value === "object" && !isList(value)

const isArray = (value: Found): value is ReadonlyArray<JsonValue> => value !== undefined && isList(value)

/** The smallest values that differ, in the order of their paths' keys. */
export const differences = (before: JsonValue, after: JsonValue): ReadonlyArray<Difference> =>
  between("", before, after)

const between = (path: string, before: Found, after: Found): ReadonlyArray<Difference> => {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()
    return keys.flatMap((key) => between(child(path, key), before[key], after[key]))
  }
  if (isArray(before) && isArray(after)) {
    const longest = before.length > after.length ? before : after
    return longest.flatMap((_, index) => between(child(path, index), before[index], after[index]))
  }
  return before === after ? [] : [{ path, before, after }]
}

/** The path of a key or position inside the value at a path. */
export const child = (path: string, key: PropertyKey): string => {
  if (typeof key === "number") return `${path}[${key}]`
  return path === "" ? String(key) : `${path}.${String(key)}`
}
