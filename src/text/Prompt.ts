/** Prompts pair what a model is given with what it should answer; rows without an input can have their own form. */
import * as Schema from "effect/Schema"
import { type Literal, type Placeholders, render, Template, template, type TextRow } from "./template.ts"

/** What a model is given and what it should answer, as templates over one row. */
export interface Prompt<out Column extends string> {
  readonly prompt: Template<Column>
  /** Used in place of `prompt` for rows whose `column` is the empty string. */
  readonly whenEmpty: { readonly column: Column; readonly prompt: Template<Column> } | null
  readonly response: Template<Column>
}

/** Prompts in a stage's config: every template is encoded as its text. */
export const Prompt: Schema.Codec<Prompt<string>, unknown> = Schema.Struct({
  prompt: Template,
  whenEmpty: Schema.NullOr(Schema.Struct({ column: Schema.String, prompt: Template })),
  response: Template
})

/**
 * Declares a prompt; the columns that its templates name are in its type. The prompt ends where the model begins: text
 * to learn from is the rendered prompt followed by the rendered response.
 *
 * Throws `TemplateMalformed` where a template cannot be read.
 */
export const prompt = <
  const Given extends string,
  const Response extends string,
  const Column extends string = never,
  const GivenWhenEmpty extends string = never
>(sources: {
  readonly prompt: Literal<Given>
  readonly whenEmpty?: { readonly column: Column; readonly prompt: Literal<GivenWhenEmpty> }
  readonly response: Literal<Response>
}): Prompt<Placeholders<Given> | Placeholders<Response> | Column | Placeholders<GivenWhenEmpty>> => ({
  prompt: template<Given>(sources.prompt),
  whenEmpty:
    sources.whenEmpty === undefined
      ? null
      : { column: sources.whenEmpty.column, prompt: template<GivenWhenEmpty>(sources.whenEmpty.prompt) },
  response: template<Response>(sources.response)
})

/** One row's prompt and response. */
export const renderPrompt = <Column extends string>(
  { prompt, response, whenEmpty }: Prompt<Column>,
  row: TextRow<Column>
): { readonly prompt: string; readonly response: string } => ({
  prompt: render(whenEmpty !== null && row[whenEmpty.column] === "" ? whenEmpty.prompt : prompt, row),
  response: render(response, row)
})
