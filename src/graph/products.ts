/** The matrix products of a graph: where the time of models goes. */
import type { Tensor } from "./Operator.ts"
import { numericPart } from "./shapes.ts"
import type { Dimension, Shape } from "./Tensor.ts"

/** [rows, inner] by [inner, columns], once for each place of `batch`. */
export interface Product {
  readonly batch: Shape
  readonly rows: Dimension
  readonly inner: Dimension
  readonly columns: Dimension
}

/** What is known of a product before any run; sizes that a run decides are undefined. */
export interface KnownProduct {
  /** At least so many are computed side by side. */
  readonly count: number
  readonly rows: number | undefined
  readonly inner: number | undefined
  readonly columns: number | undefined
}

/** The product that a tensor is, if it is one. */
export const productOf = ({ producer, shape }: Tensor): Product | undefined => {
  if (producer.kind !== "operator") return undefined
  const { inputs, operator } = producer
  const left = inputs[0]?.shape ?? []
  const sizes = { batch: shape.slice(0, -2), rows: shape.at(-2) ?? 1, columns: shape.at(-1) ?? 1 }
  switch (operator.name) {
    case "MatMul":
      return { ...sizes, inner: left.at(-1) ?? 1 }
    case "Gemm":
      return { ...sizes, inner: left[operator.transA ? 0 : 1] ?? 1 }
    default:
      return undefined
  }
}

const fixed = (size: Dimension): number | undefined => (typeof size === "number" ? size : undefined)

/** Products by one matrix that all places of the batch share are a single one of more rows. */
const knownOf = ({ batch, columns, inner, rows }: Product, right: Shape): KnownProduct => {
  const isSingle = numericPart(right.slice(0, -2)) === 1
  return {
    count: isSingle ? 1 : numericPart(batch),
    rows: isSingle && batch.length > 0 ? undefined : fixed(rows),
    inner: fixed(inner),
    columns: fixed(columns)
  }
}

/** Whether axes are the first or the last of so many, or all. */
const atOneEnd = (axes: ReadonlyArray<number>, rank: number): boolean =>
  axes.every((axis, place) => axis === place) || axes.every((axis, place) => axis === rank - axes.length + place)

/**
 * Whether the number of threads that share an operator may decide bits of its results for another reason than that it is a
 * product: some functions are computed otherwise for the last few numbers of each thread's share, and sums over axes in the
 * middle are cut up otherwise.
 */
const hangsOnThreads = ({ producer }: Tensor): boolean => {
  if (producer.kind !== "operator") return false
  const { inputs, operator } = producer
  switch (operator.name) {
    case "Log":
    case "ScatterRows":
    case "ScatterElements":
      return true
    case "ReduceSum":
    case "ReduceMean":
    case "ReduceLogSum":
      return !atOneEnd(operator.axes, inputs[0]?.shape.length ?? 0)
    default:
      return false
  }
}

/**
 * What is known of the products among tensors, each once: all that the number of threads may decide bits of, or undefined
 * where there is more.
 */
export const sharedProducts = (tensors: ReadonlyArray<Tensor>): ReadonlyArray<KnownProduct> | undefined => {
  if (tensors.some(hangsOnThreads)) return undefined
  const products = new Map<string, KnownProduct>()
  for (const tensor of tensors) {
    const product = productOf(tensor)
    if (product === undefined || tensor.producer.kind !== "operator") continue
    const known = knownOf(product, tensor.producer.inputs[1]?.shape ?? [])
    products.set(JSON.stringify(known), known)
  }
  return [...products.values()]
}
