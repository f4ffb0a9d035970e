/** The type of every operator's results, from the types of its inputs: refuses what does not fit. */
import { ElementMismatch, ShapeMismatch } from "./Errors.ts"
import type { OperatorName, OperatorOf } from "./Operator.ts"
import { broadcast, checkReshape, dimensionAt, extent, sameShape, show, total, withDimension } from "./shapes.ts"
import type { Dimension, Element, Shape, Type } from "./Tensor.ts"

type Inference<Name extends OperatorName> = (
  operator: OperatorOf<Name>,
  ...inputs: ReadonlyArray<Type>
) => ReadonlyArray<Type>

const floats: ReadonlyArray<Element> = ["float32", "float16", "bfloat16"]
const indices: ReadonlyArray<Element> = ["int32", "int64"]
const words: ReadonlyArray<Element> = ["uint32", "uint8"]
const numbers: ReadonlyArray<Element> = [...floats, ...indices, ...words]

export const isFloat = (element: Element): boolean => floats.includes(element)

const requireElement = (operator: string, allowed: ReadonlyArray<Element>, type: Type): void => {
  if (!allowed.includes(type.element)) {
    throw new ElementMismatch({ operator, expected: allowed.join(" or "), found: type.element })
  }
}

const requireSame = (operator: string, first: Type, ...others: ReadonlyArray<Type>): void => {
  for (const other of others) {
    if (other.element !== first.element) {
      throw new ElementMismatch({ operator, expected: `${first.element} on every side`, found: other.element })
    }
  }
}

const requireShape = (operator: string, expected: Shape, found: Shape): void => {
  if (!sameShape(expected, found)) throw new ShapeMismatch({ operator, expected: show(expected), found: show(found) })
}

const requireDimension = (operator: string, what: string, expected: Dimension, found: Dimension): void => {
  if (expected !== found)
    throw new ShapeMismatch({ operator, expected: `${what} of ${expected}`, found: String(found) })
}

const requireRank = (operator: string, least: number, type: Type): void => {
  if (type.shape.length < least) {
    throw new ShapeMismatch({ operator, expected: `a tensor of rank ${least} or more`, found: show(type.shape) })
  }
}

interface Named {
  readonly name: string
}

const unary =
  (allowed: ReadonlyArray<Element>) =>
  (operator: Named, x: Type): ReadonlyArray<Type> => {
    requireElement(operator.name, allowed, x)
    return [{ element: x.element, shape: x.shape }]
  }

const binary =
  (allowed: ReadonlyArray<Element>) =>
  (operator: Named, a: Type, b: Type): ReadonlyArray<Type> => {
    requireElement(operator.name, allowed, a)
    requireSame(operator.name, a, b)
    return [{ element: a.element, shape: broadcast(operator.name, a.shape, b.shape) }]
  }

const comparison = (operator: Named, a: Type, b: Type): ReadonlyArray<Type> => {
  requireSame(operator.name, a, b)
  return [{ element: "bool", shape: broadcast(operator.name, a.shape, b.shape) }]
}

const reduction = (operator: Named & { readonly axes: ReadonlyArray<number>; readonly keepDims: boolean }, x: Type) => {
  requireElement(operator.name, numbers, x)
  const shape = operator.keepDims
    ? x.shape.map((dimension, axis) => (operator.axes.includes(axis) ? 1 : dimension))
    : x.shape.filter((_, axis) => !operator.axes.includes(axis))
  return [{ element: x.element, shape }]
}

const matrixShape = (shape: Shape, transposed: boolean): readonly [Dimension, Dimension] => {
  const [rows, columns] = [dimensionAt(shape, shape.length - 2), dimensionAt(shape, shape.length - 1)]
  return transposed ? [columns, rows] : [rows, columns]
}

const matrixProduct = (operator: string, a: Type, b: Type, transA: boolean, transB: boolean): Shape => {
  requireElement(operator, floats, a)
  requireSame(operator, a, b)
  const [rows, inner] = matrixShape(a.shape, transA)
  const [innerOther, columns] = matrixShape(b.shape, transB)
  if (inner !== innerOther) {
    throw new ShapeMismatch({
      operator,
      expected: `equal inner sizes`,
      found: `${show(a.shape)}${transA ? " transposed" : ""} times ${show(b.shape)}${transB ? " transposed" : ""}`
    })
  }
  return [rows, columns]
}

const lastAxisScale = (operator: string, x: Type, scale: Type): void => {
  requireElement(operator, floats, x)
  requireSame(operator, x, scale)
  requireRank(operator, 1, x)
  requireShape(operator, [dimensionAt(x.shape, x.shape.length - 1)], scale.shape)
}

const rules: { readonly [Name in OperatorName]: Inference<Name> } = {
  Neg: unary(numbers),
  Abs: unary(numbers),
  Exp: unary(floats),
  Log: unary(floats),
  Sqrt: unary(floats),
  Reciprocal: unary(floats),
  Tanh: unary(floats),
  Erf: unary(floats),
  Sigmoid: unary(floats),
  Cos: unary(floats),
  Sin: unary(floats),
  Relu: unary(floats),
  Not: unary(["bool"]),
  Gelu: unary(floats),
  Pow: unary(floats),
  Cast: ({ to }, x) => [{ element: to, shape: x.shape }],

  Add: binary(numbers),
  Sub: binary(numbers),
  Mul: binary(numbers),
  Div: binary(numbers),
  Max: binary(numbers),
  Min: binary(numbers),
  Greater: comparison,
  Less: comparison,
  Equal: comparison,
  And: binary(["bool"]),
  Or: binary(["bool"]),
  BitwiseAnd: binary([...indices, ...words]),
  BitwiseXor: binary([...indices, ...words]),
  BitShift: binary(words),
  Where: ({ name }, condition, a, b) => {
    requireElement(name, ["bool"], condition)
    requireSame(name, a, b)
    return [{ element: a.element, shape: broadcast(name, condition.shape, broadcast(name, a.shape, b.shape)) }]
  },

  MatMul: ({ name }, a, b) => {
    requireRank(name, 2, a)
    requireRank(name, 2, b)
    const batch = broadcast(name, a.shape.slice(0, -2), b.shape.slice(0, -2))
    return [{ element: a.element, shape: [...batch, ...matrixProduct(name, a, b, false, false)] }]
  },
  Gemm: ({ name, transA, transB }, a, b, c) => {
    for (const matrix of [a, b]) {
      if (matrix.shape.length !== 2) {
        throw new ShapeMismatch({ operator: name, expected: "matrices", found: show(matrix.shape) })
      }
    }
    const shape = matrixProduct(name, a, b, transA, transB)
    if (c !== undefined) {
      requireSame(name, a, c)
      requireShape(name, shape, broadcast(name, shape, c.shape))
    }
    return [{ element: a.element, shape }]
  },

  ReduceSum: reduction,
  ReduceMean: reduction,
  ReduceMax: reduction,
  ReduceLogSum: reduction,
  ArgMax: ({ name, axis }, x) => {
    requireElement(name, numbers, x)
    return [{ element: "int64", shape: x.shape.toSpliced(axis, 1) }]
  },
  Softmax: unary(floats),
  LogSoftmax: unary(floats),
  LayerNormalization: ({ name }, x, scale, bias) => {
    lastAxisScale(name, x, scale)
    if (bias !== undefined) lastAxisScale(name, x, bias)
    const statistics: Type = { element: "float32", shape: withDimension(x.shape, x.shape.length - 1, 1) }
    return [{ element: x.element, shape: x.shape }, statistics, statistics]
  },
  RMSNormalization: ({ name }, x, scale) => {
    lastAxisScale(name, x, scale)
    return [{ element: x.element, shape: x.shape }]
  },

  RotaryEmbedding: ({ name }, x, cosine, sine) => {
    requireElement(name, floats, x)
    requireSame(name, x, cosine, sine)
    const [tokens, , size] = x.shape
    const half = dimensionAt(cosine.shape, 1)
    if (tokens === undefined || typeof size !== "number" || typeof half !== "number" || 2 * half > size) {
      const expected = `[tokens, heads, size] with at least ${2 * Number(half)} elements a head`
      throw new ShapeMismatch({ operator: name, expected, found: show(x.shape) })
    }
    for (const angles of [cosine, sine]) requireShape(name, [tokens, half], angles.shape)
    return [{ element: x.element, shape: x.shape }]
  },

  Reshape: ({ shape }, x) => {
    checkReshape(x.shape, shape)
    return [{ element: x.element, shape }]
  },
  Expand: ({ name, shape }, x) => {
    requireShape(name, shape, broadcast(name, x.shape, shape))
    return [{ element: x.element, shape }]
  },
  Transpose: ({ name, axes }, x) => {
    const sorted = axes.toSorted((a, b) => a - b)
    if (sorted.length !== x.shape.length || sorted.some((axis, index) => axis !== index)) {
      throw new ShapeMismatch({ operator: name, expected: `each axis of ${show(x.shape)} once`, found: show(axes) })
    }
    return [{ element: x.element, shape: axes.map((axis) => dimensionAt(x.shape, axis)) }]
  },
  Slice: ({ name, axis, start, end }, x) => {
    const dimension = extent(name, dimensionAt(x.shape, axis), start, end)
    return [{ element: x.element, shape: withDimension(x.shape, axis, dimension) }]
  },
  Pad: ({ axis, total }, x) => [{ element: x.element, shape: withDimension(x.shape, axis, total) }],
  Concat: ({ name, axis }, ...parts) => {
    const [first, ...others] = parts
    if (first === undefined) throw new ShapeMismatch({ operator: name, expected: "one tensor or more", found: "none" })
    requireSame(name, first, ...others)
    const dimension = total(parts.map((part) => dimensionAt(part.shape, axis)))
    for (const other of others) {
      requireShape(name, withDimension(first.shape, axis, "*"), withDimension(other.shape, axis, "*"))
    }
    return [{ element: first.element, shape: withDimension(first.shape, axis, dimension) }]
  },
  Split: ({ name, axis, sizes }, x) => {
    requireDimension(name, `sizes with a sum`, dimensionAt(x.shape, axis), total(sizes))
    return sizes.map((size) => ({ element: x.element, shape: withDimension(x.shape, axis, size) }))
  },
  Gather: ({ name, axis }, x, index) => {
    requireElement(name, indices, index)
    return [{ element: x.element, shape: x.shape.toSpliced(axis, 1, ...index.shape) }]
  },
  GatherElements: ({ name, axis }, x, index) => {
    requireElement(name, indices, index)
    requireRank(name, x.shape.length, index)
    requireShape(name, withDimension(x.shape, axis, "*"), withDimension(index.shape, axis, "*"))
    return [{ element: x.element, shape: index.shape }]
  },
  ScatterRows: ({ name, rows }, index, updates) => {
    requireElement(name, indices, index)
    requireShape(name, index.shape, updates.shape.slice(0, index.shape.length))
    return [{ element: updates.element, shape: [rows, ...updates.shape.slice(index.shape.length)] }]
  },
  ScatterElements: ({ name, axis, size }, index, updates) => {
    requireElement(name, indices, index)
    requireShape(name, index.shape, updates.shape)
    return [{ element: updates.element, shape: withDimension(updates.shape, axis, size) }]
  },
  GatherRows: ({ name }, x, index, inverse) => {
    requireElement(name, ["int32"], index)
    requireElement(name, ["int32"], inverse)
    requireShape(name, inverse.shape, x.shape.slice(0, inverse.shape.length))
    return [{ element: x.element, shape: [...index.shape, ...x.shape.slice(inverse.shape.length)] }]
  },

  Range: ({ length, element }) => [{ element, shape: [length] }],
  DimensionSize: () => [{ element: "int64", shape: [] }],

  StopGradient: (_, x) => [{ element: x.element, shape: x.shape }],
  KnownGradient: ({ name }, value, ...pairs) => {
    requireElement(name, floats, value)
    requireShape(name, [], value.shape)
    pairs.slice(0, pairs.length / 2).forEach((tensor, index) => {
      const gradient = pairs[index + pairs.length / 2]
      if (gradient === undefined) throw new Error("internal: KnownGradient with an odd number of tensors")
      requireSame(name, tensor, gradient)
      requireShape(name, tensor.shape, gradient.shape)
    })
    return [{ element: value.element, shape: [] }]
  },
  Recompute: (_, { element, shape }) => [{ element, shape }],
  Barrier: (_, __, { element, shape }) => [{ element, shape }]
}

/** The types of an operator's results. Throws ShapeMismatch or ElementMismatch. */
export const infer = <Name extends OperatorName>(
  operator: OperatorOf<Name>,
  inputs: ReadonlyArray<Type>
): ReadonlyArray<Type> => {
  const rule: Inference<Name> = rules[operator.name]
  return rule(operator, ...inputs)
}
