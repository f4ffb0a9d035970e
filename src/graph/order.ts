/** The order in which a graph is computed: every tensor after those it is made of, the same order each time. */
import type { Tensor } from "./Operator.ts"

/** What a tensor is made of. */
export const inputsOf = ({ producer }: Tensor): ReadonlyArray<Tensor> =>
  producer.kind === "operator" ? producer.inputs : []

/**
 * The tensors reachable from `roots` through `inputsOf`, inputs before users, in order of first need. Without
 * recursion, for graphs are deeper than the stack.
 */
export const topological = (
  roots: ReadonlyArray<Tensor>,
  inputsOf: (tensor: Tensor) => ReadonlyArray<Tensor>
): ReadonlyArray<Tensor> => {
  const order: Array<Tensor> = []
  const seen = new Set<Tensor>()
  const open: Array<{ readonly tensor: Tensor; readonly inputs: Iterator<Tensor> }> = []
  const enter = (tensor: Tensor) => {
    if (seen.has(tensor)) return
    seen.add(tensor)
    open.push({ tensor, inputs: inputsOf(tensor).values() })
  }
  for (const root of roots) {
    enter(root)
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.inputs.next()
      if (next.done === true) {
        order.push(top.tensor)
        open.pop()
      } else {
        enter(next.value)
      }
    }
  }
  return order
}
