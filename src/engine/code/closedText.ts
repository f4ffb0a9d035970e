/** Functions in a config, named by their text: accepted only where the text alone decides what they do. */
import * as Effect from "effect/Effect"
import type { FunctionNotClosed } from "./Errors.ts"

/** The canonical text of a closed function: blind to formatting, comments and types. */
export const closedText = (
  fn: (...args: never) => unknown
): Effect.Effect<string, FunctionNotClosed> => Effect.die(`internal: no text of ${fn.name} yet`)
