/** The names in a syntax tree that nothing inside it declares. */
import { boundNames, children, type Node } from "./syntax.ts"

/** One mention of a name, and the node around it. */
export interface Mention {
  readonly name: string
  readonly parent: Node
}

/** Every free mention under a node, by the scopes of ECMAScript. */
export const freeMentions = (node: Node, parent: Node): ReadonlyArray<Mention> => {
  if (node.type === "Identifier") return [{ name: node.name, parent }]
  const inside = children(node).flatMap((child) => freeMentions(child, node))
  const own = new Set(declaredBy(node))
  return own.size === 0 ? inside : inside.filter(({ name }) => !own.has(name))
}

/** The names that are declared for the inside of a node. */
const declaredBy = (node: Node): ReadonlyArray<string> => {
  switch (node.type) {
    case "FunctionDeclaration":
    case "FunctionExpression":
      return ["arguments", ...nameOf(node.id), ...node.params.flatMap(boundNames), ...hoisted(node.body)]
    case "ArrowFunctionExpression":
      return [...node.params.flatMap(boundNames), ...hoisted(node.body)]
    case "ClassDeclaration":
    case "ClassExpression":
      return nameOf(node.id)
    case "Program":
    case "BlockStatement":
    case "StaticBlock":
      return node.body.flatMap(lexical)
    case "SwitchStatement":
      return node.cases.flatMap(({ consequent }) => consequent.flatMap(lexical))
    case "ForStatement":
      return lexical(node.init)
    case "ForInStatement":
    case "ForOfStatement":
      return lexical(node.left)
    case "CatchClause":
      return node.param === null ? [] : boundNames(node.param)
    default:
      return []
  }
}

const nameOf = (id: Node | null): ReadonlyArray<string> => (id === null ? [] : boundNames(id))

/** The names that a statement declares for its block. */
const lexical = (statement: Node | null): ReadonlyArray<string> => {
  switch (statement?.type) {
    case "VariableDeclaration":
      return statement.kind === "var" ? [] : statement.declarations.flatMap(({ id }) => boundNames(id))
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return nameOf(statement.id)
    default:
      return []
  }
}

/** The names that `var` declares anywhere in a function, nested functions aside. */
const hoisted = (node: Node | null): ReadonlyArray<string> => {
  if (node === null || isFunction(node)) return []
  const own =
    node.type === "VariableDeclaration" && node.kind === "var"
      ? node.declarations.flatMap(({ id }) => boundNames(id))
      : []
  return [...own, ...children(node).flatMap(hoisted)]
}

const isFunction = (node: Node): boolean =>
  node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression"
