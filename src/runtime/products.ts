/** Of which products the number of threads decides no bit, as the runtime's library shares them out (MLAS, sgemm.cpp). */
import type { Product } from "./OnnxRuntime.ts"

/** Columns are shared out so many at a time. */
const block = 16
/** The inner sizes that one step sums; a thread that has half as many columns or fewer sums more. */
const step = 128
/** Multiplications for which the library takes a thread. */
const forOneThread = 2 ** 16

const atMost = (size: number | undefined, limit: number): boolean => size !== undefined && size <= limit
const atLeast = (size: number | undefined, limit: number): boolean => size !== undefined && size >= limit

/** If there are more columns than rows, each thread takes columns. All sum in the same steps where each has enough. */
const columnsAlike = ({ columns, inner, rows }: Product, threads: number): boolean =>
  atMost(inner, step) ||
  atMost(columns, block) ||
  atLeast(columns, (step / 2 + block) * threads) ||
  (columns !== undefined && atLeast(rows, columns))

/** Else each takes rows. A single row is summed in another order than several. */
const rowsAlike = ({ columns, inner, rows }: Product, threads: number): boolean =>
  atLeast(rows, 2 * threads) ||
  atLeast(columns, 2 * threads) ||
  (columns !== undefined && rows !== undefined && rows < columns) ||
  (columns !== undefined && inner !== undefined && columns * inner <= forOneThread / 4)

/**
 * Whether a product has the same bits on any number of threads up to `threads`, whatever sizes a run decides. Products
 * side by side that are as many are not shared out.
 */
export const isAlike = (product: Product, threads: number): boolean =>
  product.count >= threads || (columnsAlike(product, threads) && rowsAlike(product, threads))
