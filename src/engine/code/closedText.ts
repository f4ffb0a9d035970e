/** Functions in a config, named by their text: accepted only where the text alone decides what they do. */
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { CodeCache } from "./CodeCache.ts"
import { FunctionNotClosed } from "./Errors.ts"
import { analysisVersion } from "./ModuleAnalysis.ts"

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
    // Loaded here, for a function that was seen before is not read.
    const { expressionOf, problemsOf } = yield* Effect.promise(() => import("./closedExpression.ts"))
    const expression = yield* expressionOf(source)
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
