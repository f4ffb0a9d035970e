/** Values in a config that JSON has no form for: functions, and the schemas of rows. */
import * as Schema from "effect/Schema"

/**
 * A function whose text alone says what it does: it mentions its parameters, its own variables and the pure globals of
 * ECMAScript. It enters keys by that text. Write what else it needs as further fields of the config.
 */
export const ClosedFunction = <F extends (...args: never) => unknown>(): Schema.declare<F> =>
  Schema.declare<F>((value): value is F => typeof value === "function", { expected: "a function" })

/** The schema of a table's rows; it enters keys by a description of its columns. */
export const RowSchema: Schema.declare<Schema.Codec<unknown, unknown>> = Schema.declare(
  (value): value is Schema.Codec<unknown, unknown> => Schema.isSchema(value),
  { expected: "a schema of rows" }
)
