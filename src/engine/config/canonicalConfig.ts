/** A stage's config as canonical JSON: what the key of an action holds of it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import { closedText } from "../code/closedText.ts"
import { child } from "./differences.ts"
import { ConfigFailure } from "./Errors.ts"
import { canonicalText, type JsonValue } from "./JsonValue.ts"
import { plainJson } from "./plainJson.ts"

export interface CanonicalConfig {
  /** The config with its defaults filled in: what a stage's function is given. */
  readonly value: unknown
  readonly json: JsonValue
  /** Canonical JSON text of `json`. */
  readonly text: string
}

/** Says a row schema in canonical words, or why it has none. */
export type DescribeRow = (schema: Schema.Schema<unknown>) => Effect.Effect<string, { readonly message: string }>

interface Problem {
  readonly path: string
  readonly problem: string
}

/**
 * Validates a config by its schema and gives its canonical form: defaults filled in, absent and undefined alike, a
 * closed function as `{ "$function": text }`, a row schema as `{ "$schema": description }`. A schema supplies all of
 * its defaults on construction or all on decoding. Every problem is in the one error.
 */
export const canonicalConfig = (
  schema: Schema.Codec<unknown, unknown>,
  config: unknown,
  describeRow: DescribeRow
): Effect.Effect<CanonicalConfig, ConfigFailure> =>
  Effect.gen(function* () {
    const { decode, encode, make } = parsersOf(schema)
    // Fills in what the schema's constructor supplies; what is wrong with the config, encoding says.
    const made = yield* Effect.catchEager(make(config, { parseOptions: strict }), () => Effect.succeed(config))
    // Decoding what was encoded supplies the defaults of decoding, so that left out and written out are one.
    const before = yield* encode(made)
    const value = yield* decode(before)
    const encoded = value === made ? before : yield* encode(value)
    const json = plainJson(encoded) ?? (yield* jsonOf(encoded, describeRow))
    return { value, json, text: canonicalText(json) }
  })

const strict = { errors: "all", onExcessProperty: "error" } as const

type Parser = (value: unknown) => Effect.Effect<unknown, ConfigFailure>

const makeParsers = (schema: Schema.Codec<unknown, unknown>) => {
  const encode = SchemaParser.encodeUnknownEffect(schema, strict)
  const decode = SchemaParser.decodeUnknownEffect(schema, strict)
  return {
    make: SchemaParser.makeEffect(schema),
    encode: ((value) => Effect.mapErrorEager(encode(value), failureOf)) satisfies Parser,
    decode: ((value) => Effect.mapErrorEager(decode(value), failureOf)) satisfies Parser
  }
}

const parsers = new WeakMap<Schema.Codec<unknown, unknown>, ReturnType<typeof makeParsers>>()

/** The parsers of a schema, made once for all nodes of its stage. */
const parsersOf = (schema: Schema.Codec<unknown, unknown>): ReturnType<typeof makeParsers> => {
  const known = parsers.get(schema) ?? makeParsers(schema)
  parsers.set(schema, known)
  return known
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const failureOf = (issue: SchemaIssue.Issue): ConfigFailure => {
  const [first, ...more] = format(issue).issues.map(({ message, path }): Problem => ({
    path: (path ?? []).reduce<string>((parent, key) => child(parent, typeof key === "object" ? key.key : key), ""),
    problem: message
  }))
  return new ConfigFailure({ problems: [first ?? { path: "", problem: "it does not fit its schema" }, ...more] })
}

/** The JSON of an encoded value of any kind, or every problem that it has. */
export const jsonOf = (value: unknown, describeRow: DescribeRow): Effect.Effect<JsonValue, ConfigFailure> =>
  Effect.gen(function* () {
    const problems: Array<Problem> = []
    const json = yield* toJson(value, "", describeRow, problems)
    const [first, ...more] = problems
    return first === undefined ? json : yield* new ConfigFailure({ problems: [first, ...more] })
  })

/** The JSON of an encoded value; what has none goes to the problems, and null stands in its place. */
const toJson = (
  value: unknown,
  path: string,
  describeRow: DescribeRow,
  problems: Array<Problem>
): Effect.Effect<JsonValue> => {
  const refuse = (problem: string): Effect.Effect<null> => Effect.sync(() => (problems.push({ path, problem }), null))
  const named = (name: string, text: Effect.Effect<string, { readonly message: string }>): Effect.Effect<JsonValue> =>
    Effect.matchEffect(text, {
      onSuccess: (text) => Effect.succeed({ [name]: text }),
      onFailure: ({ message }) => refuse(message)
    })
  if (Schema.isSchema(value)) return named("$schema", describeRow(value))
  switch (typeof value) {
    case "string":
    case "boolean":
      return Effect.succeed(value)
    case "number":
      if (!Number.isFinite(value)) return refuse(`${value} has no form in JSON: give a finite number`)
      return Object.is(value, -0) ? refuse("-0 cannot be told from 0 in JSON: write 0") : Effect.succeed(value)
    case "function":
      return named("$function", closedText(value))
    case "object": {
      if (value === null) return Effect.succeed(null)
      if (Array.isArray(value)) {
        return Effect.forEach(value, (item, index) => toJson(item, child(path, index), describeRow, problems))
      }
      const prototype: unknown = Object.getPrototypeOf(value)
      if (prototype !== Object.prototype && prototype !== null) break
      const present = Object.entries(value).filter(([, item]) => item !== undefined)
      return Effect.map(
        Effect.forEach(present, ([key, item]) =>
          Effect.map(toJson(item, child(path, key), describeRow, problems), (json) => [key, json] as const)
        ),
        Object.fromEntries<JsonValue>
      )
    }
  }
  const kind = value instanceof Object ? value.constructor.name : typeof value
  return refuse(`a value of type ${kind} has no form in JSON: have the schema encode it as text, numbers or records`)
}
