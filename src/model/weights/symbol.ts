/** Stored tensors as symbols of a graph. */
import { cast, storedRows, weight } from "../../graph/build.ts"
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

/** Rows of the tensor, a matrix: of those numbers alone that a run feeds. */
export const storedRowsSymbol =
  (files: FilesReader, tensor: StoredTensor, as: Precision) =>
  (numbers: Tensor): Tensor => {
    const {
      element,
      offset,
      path,
      shape: [rows = 0, columns = 0]
    } = tensor
    return cast(storedRows({ file: files.location(path), offset, element, rows, columns }, numbers), as)
  }
