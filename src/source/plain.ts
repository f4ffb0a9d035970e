/** Values of columnar formats as JSON would have them, so that one schema fits rows of any format. */

/** What Arrow's vectors and rows have in common. */
const isIterable = (value: object): value is Iterable<unknown> => Symbol.iterator in value

const hasJson = (value: object): value is { readonly toJSON: () => unknown } =>
  "toJSON" in value && typeof value.toJSON === "function"

/**
 * Integers that JavaScript's numbers hold become numbers, larger ones stay what they are; times become ISO texts, lists and records
 * plain ones. Bytes stay bytes.
 */
export const plain = (value: unknown): unknown => {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value
  if (value instanceof Date) return value.toISOString()
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<unknown>, plain)
  const inner = hasJson(value) ? value.toJSON() : value
  if (Array.isArray(inner)) return inner.map(plain)
  if (typeof inner !== "object" || inner === null) return inner
  if (isIterable(inner) && !hasJson(value)) return Array.from(inner, plain)
  return Object.fromEntries(Object.entries(inner).map(([name, field]) => [name, plain(field)]))
}
