/** The text of a function read on its own: its expression in its one form, and what in it is not closed. */
import * as Effect from "effect/Effect"
import { freeMentions } from "./freeNames.ts"
import { isSyntaxFailure, loadParser, type Parser } from "./parser.ts"
import { problemOf, problemWith } from "./pureGlobals.ts"
import { type Node, walk } from "./syntax.ts"

/** A function's expression inside a text in its one form. */
export interface Expression {
  readonly text: string
  readonly node: Node
}

/** The expression that a function's text is; a method's text is one inside an object only. */
export const expressionOf = (source: string): Effect.Effect<Expression | null> =>
  Effect.map(loadParser, (parser) => parsed(parser, source))

const parsed = (parser: Parser, source: string): Expression | null => {
  for (const whole of [`(${source})`, `({${source}})`]) {
    const found = parser.canonical(whole)
    if (isSyntaxFailure(found)) continue
    const [statement] = found.program.body
    if (statement?.type !== "ExpressionStatement") continue
    const { end, start } = statement.expression
    return { text: found.text.slice(start, end), node: statement.expression }
  }
  return null
}

/** Why a function's text alone does not decide what it does, one sentence a problem; empty where it does. */
export const problemsOf = (root: Node): ReadonlyArray<string> => {
  if (root.type === "ClassExpression") return ["It is a class: give a function."]
  const problems = new Set<string>()
  for (const mention of freeMentions(root, root)) {
    const problem = problemOf(mention)
    if (problem !== null) problems.add(problem)
  }
  walk(root, (node) => {
    const problem = problemWith(node)
    if (problem !== null) problems.add(problem)
    return true
  })
  return [...problems]
}
