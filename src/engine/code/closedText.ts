/** Functions in a config, named by their text: accepted only where the text alone decides what they do. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { CodeCache } from "./CodeCache.ts"
import { FunctionNotClosed } from "./Errors.ts"
import { freeMentions } from "./freeNames.ts"
import { analysisVersion } from "./ModuleAnalysis.ts"
import { isSyntaxFailure, loadParser, type Parser } from "./parser.ts"
import { problemOf, problemWith } from "./pureGlobals.ts"
import { type Node, walk } from "./syntax.ts"

/** A function's expression inside a text in its one form. */
interface Expression {
  readonly text: string
  readonly node: Node
}

/**
 * The canonical text of a closed function: blind to layout, comments and types. A function is closed when it mentions
 * its parameters, its own variables and pure globals of ECMAScript, and nothing else.
 */
export const closedText = (fn: Function): Effect.Effect<string, FunctionNotClosed> =>
  Effect.gen(function* () {
    const source = Function.prototype.toString.call(fn)
    const fail = (problems: ReadonlyArray<string>) =>
      new FunctionNotClosed({ function: shortened(fn.name === "" ? source : fn.name), problems })
    if (/\{\s*\[native code\]\s*\}$/.test(source)) {
      return yield* fail(["It is built in or bound, and has no text: wrap it in a function that is written out."])
    }
    const { closedTexts } = yield* CodeCache
    const key = createHash("sha256").update(`${analysisVersion} ${source}`).digest("hex")
    const known = closedTexts.get(key)
    if (known !== undefined) return known
    const expression = expressionOf(yield* loadParser, source)
    if (expression === null) {
      return yield* fail(["Its text cannot be parsed on its own: write it as an arrow function."])
    }
    const problems = problemsOf(expression.node)
    if (problems.length > 0) return yield* fail(problems)
    closedTexts.put(key, expression.text)
    return expression.text
  })

const shortened = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ")
  return line.length <= 60 ? line : `${line.slice(0, 57)}...`
}

/** The expression that a function's text is; a method's text is one inside an object only. */
const expressionOf = (parser: Parser, source: string): Expression | null => {
  for (const whole of [`(${source})`, `({${source}})`]) {
    const parsed = parser.canonical(whole)
    if (isSyntaxFailure(parsed)) continue
    const [statement] = parsed.program.body
    if (statement?.type !== "ExpressionStatement") continue
    const { end, start } = statement.expression
    return { text: parsed.text.slice(start, end), node: statement.expression }
  }
  return null
}

const problemsOf = (root: Node): ReadonlyArray<string> => {
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
