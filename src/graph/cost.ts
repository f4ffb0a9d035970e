/** What it takes to compute a graph once, told from its symbols: arithmetic, and memory at its fullest. */
import { readInputs } from "./emission.ts"
import type { OperatorName, Tensor } from "./Operator.ts"
import { topological } from "./order.ts"
import { productOf } from "./products.ts"
import { type Dimension, elementBytes, type Shape } from "./Tensor.ts"

/** The sizes of named dimensions. */
export type Sizes = Readonly<Record<string, number>>

export interface Cost {
  /** Operations of matrix products, a multiplication and an addition each counting as one. */
  readonly flop: number
  /** Bytes of weights as they lie in their files. */
  readonly weights: number
  /** Bytes of weights in another element type than that of their files: made once, kept as long as the graph. */
  readonly converted: number
  /** Bytes of weights that are read as nothing but what they were converted to. */
  readonly replaced: number
  /** Bytes of everything else that a run holds at once, at most. */
  readonly activations: number
}

/** A size: a number, a name, or a sum such as "past+1" or "length-1". */
const sizeOf = (dimension: Dimension, sizes: Sizes): number => {
  if (typeof dimension === "number") return dimension
  const known = sizes[dimension]
  if (known !== undefined) return known
  return [...dimension.matchAll(/([+-]?)([^+-]+)/g)].reduce((all, [, sign, term = ""]) => {
    const size = sizes[term] ?? Number(term)
    if (Number.isNaN(size)) throw new Error(`internal: no size of the dimension "${dimension}"`)
    return sign === "-" ? all - size : all + size
  }, 0)
}

const elementsOf = (shape: Shape, sizes: Sizes): number =>
  shape.reduce<number>((all, dimension) => all * sizeOf(dimension, sizes), 1)

const isFixed = (shape: Shape): boolean => shape.every((dimension) => typeof dimension === "number")

/** Results that are an input under another name. */
const aliases: ReadonlySet<OperatorName> = new Set(["Reshape", "StopGradient", "KnownGradient", "Recompute", "Barrier"])

/**
 * Operators that the runtime computes in the memory of an input which nothing else will read, if it knows that both are
 * of one size: of named sizes it does not.
 */
const inPlace: ReadonlySet<OperatorName> = new Set([
  ...(["Neg", "Abs", "Exp", "Log", "Sqrt", "Reciprocal", "Tanh", "Erf", "Sigmoid", "Relu", "Gelu"] as const),
  ...(["Add", "Sub", "Mul", "Div"] as const)
])

const readBy = ({ producer }: Tensor): ReadonlyArray<Tensor> =>
  producer.kind === "operator" ? producer.inputs.slice(0, readInputs(producer.operator, producer.inputs.length)) : []

/** The tensor whose memory a tensor lies in. */
const memoryOf = (tensor: Tensor): Tensor => {
  let at = tensor
  while (at.producer.kind === "operator" && aliases.has(at.producer.operator.name)) {
    const { inputs, operator } = at.producer
    // What a barrier waits for comes first.
    const below = inputs[operator.name === "Barrier" ? 1 : 0]
    if (below === undefined) break
    at = below
  }
  return at
}

/** Whether the runtime computes a tensor once for all runs: a weight in another element type. */
const isConverted = ({ producer }: Tensor): boolean =>
  producer.kind === "operator" && producer.operator.name === "Cast" && producer.inputs[0]?.producer.kind === "weight"

const flopOf = (tensor: Tensor, sizes: Sizes): number => {
  const product = productOf(tensor)
  return product === undefined ? 0 : 2 * elementsOf(tensor.shape, sizes) * sizeOf(product.inner, sizes)
}

/**
 * The cost of a graph that gives `outputs`, where its named dimensions have these sizes. Tensors live from the operator that
 * makes them to the last that reads them, in the order in which graphs are written.
 */
export const costOf = (outputs: Iterable<Tensor>, sizes: Sizes): Cost => {
  const roots = [...outputs]
  const order = topological(roots, readBy)
  const bytesOf = ({ element, shape }: Tensor): number => elementBytes[element] * elementsOf(shape, sizes)
  const lastRead = new Map<Tensor, number>()
  order.forEach((tensor, at) => {
    for (const input of readBy(tensor)) lastRead.set(memoryOf(input), at)
  })
  for (const root of roots) lastRead.set(memoryOf(root), order.length)

  const readAsStored = new Set(order.flatMap((tensor) => (isConverted(tensor) ? [] : readBy(tensor))))
  const bytes = { weights: 0, converted: 0, replaced: 0, live: 0, peak: 0 }
  let flop = 0
  const freed = new Map<number, number>()
  const free = (at: number, size: number) => freed.set(at, (freed.get(at) ?? 0) + size)
  order.forEach((tensor, at) => {
    const { producer } = tensor
    flop += flopOf(tensor, sizes)
    const size = memoryOf(tensor) === tensor ? bytesOf(tensor) : 0
    const end = lastRead.get(tensor) ?? at
    if (producer.kind === "weight") {
      bytes.weights += size
      bytes.replaced += readAsStored.has(tensor) ? 0 : size
    } else if (isConverted(tensor)) bytes.converted += size
    else if (size > 0) {
      const reused =
        producer.kind === "operator" && inPlace.has(producer.operator.name) && isFixed(tensor.shape)
          ? producer.inputs.map(memoryOf).find((input) => lastRead.get(input) === at && !isLasting(input))
          : undefined
      const taken = reused !== undefined && bytesOf(reused) === size
      // The memory of the input goes on as that of the result.
      if (taken) free(at, -size)
      else bytes.live += size
      free(end, size)
    }
    bytes.peak = Math.max(bytes.peak, bytes.live)
    bytes.live -= freed.get(at) ?? 0
  })
  const { converted, peak: activations, replaced, weights } = bytes
  return { flop, weights, converted, replaced, activations }
}

/** Whether a tensor's memory is not the run's to reuse. */
const isLasting = (tensor: Tensor): boolean =>
  tensor.producer.kind === "weight" || tensor.producer.kind === "input" || isConverted(tensor)
