/** The way in which a config fails: it does not fit the schema of its stage, or holds what has no canonical text. */
import * as Schema from "effect/Schema"

/** Everything that is wrong with a config, in one error. */
export class ConfigFailure extends Schema.TaggedError<ConfigFailure>()("ConfigFailure", {
  /** Whose config it is, where that is known. */
  node: Schema.optionalKey(Schema.String),
  problems: Schema.NonEmptyArray(
    Schema.Struct({
      /** Path of the value: "targets[0]"; "" is the config itself. */
      path: Schema.String,
      problem: Schema.String
    })
  )
}) {
  override get message() {
    const count = this.problems.length === 1 ? "one problem" : `${this.problems.length} problems`
    const list = this.problems.map(({ path, problem }) => `${path === "" ? "the config" : `"${path}"`}: ${problem}`)
    return `The config of ${this.node === undefined ? "a stage" : `"${this.node}"`} has ${count}: ${list.join("; ")}.`
  }
}
