/** The ways in which code cannot be addressed by content: it cannot be read, followed, or taken out of its place. */
import * as Schema from "effect/Schema"

/** A module on the way from a stage cannot be read, parsed, resolved, or followed by name. */
export class CodeFailure extends Schema.TaggedError<CodeFailure>()("CodeFailure", {
  /** Path of the module, relative to its project where it has one. */
  module: Schema.String,
  /** Line in the module, from 1, where one can be named. */
  line: Schema.NullOr(Schema.Int),
  /** What stands there: "import() of a computed name". */
  found: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    const place = this.line === null ? this.module : `${this.module}, line ${this.line}`
    return `The code of a stage cannot be fingerprinted. At ${place}: ${this.found}. ${this.remedy}`
  }
}

/** A function in a config is not a closed expression: its text alone does not say what it does. */
export class FunctionNotClosed extends Schema.TaggedError<FunctionNotClosed>()("FunctionNotClosed", {
  /** The function's text, shortened. */
  function: Schema.String,
  /** One sentence a problem. */
  problems: Schema.Array(Schema.String)
}) {
  override get message() {
    const problems = this.problems.join(" ")
    return `The function ${this.function} is not closed, so its text does not decide its result. ${problems}`
  }
}
