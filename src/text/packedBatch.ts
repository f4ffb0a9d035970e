/** Encoded texts as three arrays, which pass from one thread to another without being copied. */
import type { Encoded } from "./byteLevel.ts"

/** What a model is given, and what it should write. */
export interface Prompted {
  readonly prompt: string
  readonly response: string
}

export interface PackedBatch {
  /** Of all texts, one after the other. */
  readonly ids: Int32Array<ArrayBuffer>
  /** Where the ids of each text end. */
  readonly ends: Int32Array<ArrayBuffer>
  /** How many of them its prompt has alone; -1 for a text that was not encoded. */
  readonly promptTokens: Int32Array<ArrayBuffer>
}

/** Null stands for a text that was not encoded. */
export const packed = (batch: ReadonlyArray<Encoded | null>): PackedBatch => {
  const ends = new Int32Array(batch.length)
  let end = 0
  batch.forEach((encoded, i) => (ends[i] = end += encoded?.ids.length ?? 0))
  const ids = new Int32Array(end)
  batch.forEach((encoded, i) => encoded !== null && ids.set(encoded.ids, (ends[i] ?? 0) - encoded.ids.length))
  return { ids, ends, promptTokens: Int32Array.from(batch, (encoded) => encoded?.promptTokens ?? -1) }
}

/** The texts' ids share the memory of the batch. */
export const unpacked = ({ ends, ids, promptTokens }: PackedBatch): ReadonlyArray<Encoded | null> => {
  let begin = 0
  return Array.from(ends, (end, i) => {
    const own = ids.subarray(begin, end)
    begin = end
    const prompt = promptTokens[i] ?? -1
    return prompt < 0 ? null : { ids: own, promptTokens: prompt }
  })
}
