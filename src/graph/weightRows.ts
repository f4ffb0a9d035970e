/** Some rows of a weight as a weight of their own: they are read where they lie, without a copy. */
import { cast, slice, weight } from "./build.ts"
import type { Tensor } from "./Operator.ts"

/** Rows `begin` to `end` of a weight in its file, converted as the weight is. Of any other tensor, a slice. */
export const weightRows = (x: Tensor, begin: number, end: number): Tensor => {
  const { element, producer, shape } = x
  if (producer.kind === "operator" && producer.operator.name === "Cast") {
    const [stored] = producer.inputs
    if (stored !== undefined) return cast(weightRows(stored, begin, end), element)
  }
  const [rows, ...rest] = shape.filter((size) => typeof size === "number")
  if (producer.kind !== "weight" || rows === undefined) return slice(x, 0, begin, end)
  const { file, length, offset } = producer.location
  const bytes = length / rows
  return weight(`${producer.name}, rows ${begin} to ${end}`, element, [end - begin, ...rest], {
    file,
    offset: offset + begin * bytes,
    length: (end - begin) * bytes
  })
}
