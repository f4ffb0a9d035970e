/** Hashes of declarations and of everything they reach: equal where the code does the same, wherever it lies. */
import { createHash } from "node:crypto"
import type { ReachedDeclaration, Target } from "./reach.ts"

const sha256 = (parts: ReadonlyArray<string>): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex")

/**
 * The hash of a declaration by itself: its text, and what the names in it stand for. Without the second part, an import
 * that takes another export under the same name would go unseen.
 */
export const ownHash = ({ declaration, links }: ReachedDeclaration): string =>
  sha256([declaration.text, ...sorted([...links].map(([label, target]) => `${label}=${nameOf(target)}`))])

const nameOf = (target: Target): string => (target.kind === "declaration" ? target.node.name : target.name)

const sorted = (texts: ReadonlyArray<string>): ReadonlyArray<string> => [...texts].sort()

/**
 * The hash of each declaration over all that it reaches, given the hash of each by itself. Declarations that reach each
 * other have no first one to begin with, so theirs are refined together: as many rounds as the group has members tell
 * apart whatever can be told apart.
 */
export const merkleHashes = (own: ReadonlyMap<ReachedDeclaration, string>): ReadonlyMap<ReachedDeclaration, string> => {
  const hashes = new Map<ReachedDeclaration, string>()
  const hashOf = (target: Target): string =>
    target.kind === "declaration" ? (hashes.get(target.node) ?? "") : sha256([target.package, target.name])
  const refined = (node: ReachedDeclaration): string =>
    sha256([own.get(node) ?? "", ...sorted([...node.links].map(([label, target]) => `${label}=${hashOf(target)}`))])
  for (const group of groups([...own.keys()])) {
    for (const node of group) hashes.set(node, own.get(node) ?? "")
    for (let round = 0; round < group.length; round++) {
      const next = group.map((node) => [node, refined(node)] as const)
      for (const [node, hash] of next) hashes.set(node, hash)
    }
  }
  return hashes
}

/** Groups of declarations that reach each other, each group after those it reaches (Tarjan 1972). */
const groups = (nodes: ReadonlyArray<ReachedDeclaration>): ReadonlyArray<ReadonlyArray<ReachedDeclaration>> => {
  const order = new Map<ReachedDeclaration, number>()
  const stack: Array<ReachedDeclaration> = []
  const open = new Set<ReachedDeclaration>()
  const found: Array<ReadonlyArray<ReachedDeclaration>> = []

  const connect = (node: ReachedDeclaration): number => {
    const index = order.size
    let lowest = index
    order.set(node, index)
    stack.push(node)
    open.add(node)
    for (const target of node.links.values()) {
      if (target.kind === "outside") continue
      const before = order.get(target.node)
      if (before === undefined) lowest = Math.min(lowest, connect(target.node))
      else if (open.has(target.node)) lowest = Math.min(lowest, before)
    }
    if (lowest === index) {
      const group = stack.splice(stack.indexOf(node))
      for (const member of group) open.delete(member)
      found.push(group)
    }
    return lowest
  }
  for (const node of nodes) if (!order.has(node)) connect(node)
  return found
}
