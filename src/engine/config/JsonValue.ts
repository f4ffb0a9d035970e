/** Canonical JSON: one text for one value, so that equal configs have equal digests. */
import { canonicalJson } from "../../store/canonicalJson.ts"

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | ReadonlyArray<JsonValue>
  | { readonly [key: string]: JsonValue }

/**
 * The text of a value without white space, its keys in the order of their UTF-16 code units and its numbers in
 * ECMAScript's shortest form (RFC 8785). The value must hold finite numbers only, and no negative zero.
 */
export const canonicalText: (value: JsonValue) => string = canonicalJson

/** Tells a list from an object, which `Array.isArray` cannot where the list is read-only. */
export const isList = (value: JsonValue): value is ReadonlyArray<JsonValue> => Array.isArray(value)
