/** Walking a syntax tree of JavaScript: its nodes, the names that it mentions, and the literals in it. */
import type { Node } from "oxc-parser"

export type { Node }

/** Tells a node from the other things that a node's fields hold. */
const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

/** The fields that hold a name which is no reference: of a property, a method, a label, a part of `import.meta`. */
const isBareName = (node: Node, field: string): boolean => {
  switch (node.type) {
    case "MemberExpression":
      return field === "property" && !node.computed
    case "Property":
    case "MethodDefinition":
    case "PropertyDefinition":
    case "AccessorProperty":
      return field === "key" && !node.computed
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return field === "label"
    case "MetaProperty":
      return true
    default:
      return false
  }
}

/** The nodes directly under a node, in the order of the text, without names that are no references. */
export const children = (node: Node): ReadonlyArray<Node> =>
  Object.entries(node).flatMap(([field, value]): ReadonlyArray<Node> => {
    if (isBareName(node, field)) return []
    if (Array.isArray(value)) return value.filter(isNode)
    return isNode(value) ? [value] : []
  })

/** A node and everything under it, parents first; `enter` says whether to go below a node. */
export const walk = (node: Node, enter: (node: Node) => boolean): void => {
  if (enter(node)) for (const child of children(node)) walk(child, enter)
}

/** The names that a pattern binds: `{ a, b: [c] }` binds a and c. */
export const boundNames = (pattern: Node): ReadonlyArray<string> => {
  switch (pattern.type) {
    case "Identifier":
      return [pattern.name]
    case "ObjectPattern":
      return pattern.properties.flatMap((property) =>
        boundNames(property.type === "RestElement" ? property.argument : property.value)
      )
    case "ArrayPattern":
      return pattern.elements.flatMap((element) => (element === null ? [] : boundNames(element)))
    case "AssignmentPattern":
      return boundNames(pattern.left)
    case "RestElement":
      return boundNames(pattern.argument)
    default:
      return []
  }
}

/** The text of a string literal, or of a template without holes. */
export const literalText = (node: Node | undefined): string | null => {
  if (node?.type === "Literal") return typeof node.value === "string" ? node.value : null
  if (node?.type !== "TemplateLiteral" || node.expressions.length > 0) return null
  return node.quasis[0]?.value.cooked ?? null
}

/** The name of a property that is written out: `a` in `x.a`, `{ a: 1 }` and `{ "a": 1 }`. */
export const propertyName = (node: { readonly computed: boolean; readonly key: Node }): string | null =>
  !node.computed && node.key.type === "Identifier" ? node.key.name : literalText(node.key)

/** Whether an expression is `object.property`, written out. */
export const isMember = (node: Node, object: string, property: string): boolean =>
  node.type === "MemberExpression" &&
  !node.computed &&
  node.property.type === "Identifier" &&
  node.property.name === property &&
  node.object.type === "Identifier" &&
  node.object.name === object

/** Whether an expression is `import.meta`, or the named property of it. */
export const isImportMeta = (node: Node | undefined, property: string | null): boolean => {
  if (node === undefined) return false
  if (property === null) return node.type === "MetaProperty" && node.meta.name === "import"
  return (
    node.type === "MemberExpression" &&
    !node.computed &&
    node.property.type === "Identifier" &&
    node.property.name === property &&
    isImportMeta(node.object, null)
  )
}
