/** Templates are texts with named gaps; which columns of a row they need is part of their type. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaTransformation from "effect/SchemaTransformation"
import { TemplateMalformed } from "./Errors.ts"

/** A text whose gaps take columns of a row: literal, column, literal, column, ..., literal. */
export interface Template<out Column extends string> {
  /** One more than there are columns. */
  readonly literals: ReadonlyArray<string>
  readonly columns: ReadonlyArray<Column>
}

/** A row with the text columns that a template reads. */
export type TextRow<Column extends string> = { readonly [Name in Column]: string }

/** The names between single braces in a string literal type; a doubled brace is a brace. */
export type Placeholders<Source extends string> = Source extends `${string}{${infer Opened}`
  ? Opened extends `{${infer Rest}`
    ? Placeholders<Rest>
    : Opened extends `${infer Name}}${infer Rest}`
      ? Name | Placeholders<Rest>
      : never
  : never

/** A text that the compiler can read: "a" + "b" is only a `string` to it, of which the gaps are unknown. */
export type Literal<Source extends string> = string extends Source ? never : Source

/**
 * Reads a template: `{name}` is the row's column `name`, `{{` and `}}` are literal braces.
 *
 * Throws `TemplateMalformed` where a brace has no partner or a name is empty, for a template is written by hand in a
 * pipeline, which cannot go on without it.
 */
export const template = <const Source extends string>(source: Literal<Source>): Template<Placeholders<Source>> =>
  Result.getOrThrow(parse(source)) as Template<Placeholders<Source>>

/** The template filled in with a row's columns. */
export const render = <Column extends string>({ columns, literals }: Template<Column>, row: TextRow<Column>): string =>
  columns.reduce((text, column, i) => text + row[column] + (literals[i + 1] ?? ""), literals[0] ?? "")

const token = /\{\{|\}\}|\{([^{}]+)\}|[{}]/g

const parse = (source: string): Result.Result<Template<string>, TemplateMalformed> => {
  const literals: Array<string> = []
  const columns: Array<string> = []
  let literal = ""
  let end = 0
  for (const match of source.matchAll(token)) {
    const [found, column] = match
    literal += source.slice(end, match.index)
    end = match.index + found.length
    if (column !== undefined) {
      literals.push(literal)
      columns.push(column)
      literal = ""
    } else if (found.length === 2) {
      literal += found.charAt(0)
    } else {
      return Result.fail(new TemplateMalformed({ source, position: match.index, found }))
    }
  }
  return Result.succeed({ literals: [...literals, literal + source.slice(end)], columns })
}

const doubled = (literal: string): string => literal.replace(/[{}]/g, "$&$&")

const sourceOf = ({ columns, literals }: Template<string>): string =>
  columns.reduce((text, column, i) => `${text}{${column}}${doubled(literals[i + 1] ?? "")}`, doubled(literals[0] ?? ""))

const Parsed = Schema.Struct({ literals: Schema.Array(Schema.String), columns: Schema.Array(Schema.String) })

/** Templates in a stage's config: encoded as the text they were read from. */
export const Template: Schema.Codec<Template<string>, string> = Schema.String.pipe(
  Schema.decodeTo(
    Parsed,
    SchemaTransformation.transformEffect({
      decode: (source: string) =>
        Effect.fromResult(parse(source)).pipe(
          Effect.mapError((error) => new SchemaIssue.InvalidValue({ message: error.message }))
        ),
      encode: (value: Template<string>) => Effect.succeed(sourceOf(value))
    })
  )
)
