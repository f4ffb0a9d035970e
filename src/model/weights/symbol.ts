/** A stored tensor as a symbol of a graph. */
import { cast, weight } from "../../graph/build.ts"
import type { Tensor } from "../../graph/Operator.ts"
import type { FilesReader } from "../../pipeline/Reader.ts"
import type { Precision } from "../precision.ts"
import type { StoredTensor } from "./safetensors.ts"

/** The tensor, read in place, in the element type that is asked for. `name` must be unique in a graph. */
export const storedSymbol = (
  files: FilesReader,
  name: string,
  tensor: StoredTensor,
  as: Precision = "float32"
): Tensor => {
  const { element, length, offset, path, shape } = tensor
  return cast(weight(name, element, shape, { file: files.location(path), offset, length }), as)
}
