/** The arrangement of a node's inputs: single values, lists and records of them, whatever stands at the leaves. */
import * as Effect from "effect/Effect"
import { type Artifact, type InputTree, isArtifact } from "../pipeline/Artifact.ts"

export type Tree<Leaf> =
  | { readonly kind: "leaf"; readonly leaf: Leaf }
  | { readonly kind: "list"; readonly items: ReadonlyArray<Tree<Leaf>> }
  | { readonly kind: "record"; readonly fields: { readonly [name: string]: Tree<Leaf> } }

const isList = (input: InputTree): input is ReadonlyArray<InputTree> => Array.isArray(input)

/** The tree of a node's input. */
export const treeOf = (input: InputTree): Tree<Artifact> => {
  if (isList(input)) return { kind: "list", items: input.map(treeOf) }
  if (isArtifact(input)) return { kind: "leaf", leaf: input }
  const fields = Object.entries(input).map(([name, value]) => [name, treeOf(value)])
  return { kind: "record", fields: Object.fromEntries(fields) }
}

/** Applies a function to every leaf. */
export const map = <A, B>(tree: Tree<A>, f: (leaf: A) => B): Tree<B> => {
  switch (tree.kind) {
    case "leaf":
      return { kind: "leaf", leaf: f(tree.leaf) }
    case "list":
      return { kind: "list", items: tree.items.map((item) => map(item, f)) }
    case "record":
      return {
        kind: "record",
        fields: Object.fromEntries(Object.entries(tree.fields).map(([name, field]) => [name, map(field, f)]))
      }
  }
}

/** Whether every leaf is there. */
export const isWhole = <A>(tree: Tree<A | null>): tree is Tree<A> => leaves(tree).every((leaf) => leaf !== null)

/** Applies an effect to every leaf, in order. */
export const mapEffect = <A, B, E, R>(
  tree: Tree<A>,
  f: (leaf: A) => Effect.Effect<B, E, R>
): Effect.Effect<Tree<B>, E, R> =>
  Effect.gen(function* () {
    const results = new Map<A, B>()
    for (const leaf of leaves(tree)) if (!results.has(leaf)) results.set(leaf, yield* f(leaf))
    return map(tree, (leaf) => {
      const result = results.get(leaf)
      if (result === undefined) throw new Error("internal: a leaf of a tree was not visited")
      return result
    })
  })

/** The leaves from left to right. */
export const leaves = <A>(tree: Tree<A>): ReadonlyArray<A> => {
  switch (tree.kind) {
    case "leaf":
      return [tree.leaf]
    case "list":
      return tree.items.flatMap(leaves)
    case "record":
      return Object.values(tree.fields).flatMap(leaves)
  }
}

/** The plain arrangement: a leaf stands for itself, lists are arrays, records are objects. */
export const unwrap = <A>(tree: Tree<A>): unknown => {
  switch (tree.kind) {
    case "leaf":
      return tree.leaf
    case "list":
      return tree.items.map(unwrap)
    case "record":
      return Object.fromEntries(Object.entries(tree.fields).map(([name, field]) => [name, unwrap(field)]))
  }
}
