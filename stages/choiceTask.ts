/** Choice tasks as values: documents, how one is asked, what can be answered, and where examples come from. */
import type { Table } from "../src/pipeline/Artifact.ts"
import { type Literal, type Placeholders, type Template, template } from "../src/text/template.ts"

/** One possible answer: the label in the data, and the text whose likelihood is measured. */
export interface Choice {
  readonly label: string
  readonly text: string
}

export interface ChoiceTask {
  readonly name: string
  /** Stands once, before everything. */
  readonly description: string
  /** One document, up to where its answer begins. */
  readonly document: Template<string>
  /** Stands after each example. */
  readonly separator: string
  /** The column that holds the label. */
  readonly label: string
  readonly choices: ReadonlyArray<Choice>
  readonly documents: Table<unknown>
  /** Where few-shot examples are drawn from. */
  readonly examples: Table<unknown>
}

/**
 * Declares a choice task. Documents and examples must have the text columns that the document template names and the
 * label's column; otherwise the task does not compile.
 */
export const choiceTask = <const Source extends string, const Label extends string>(task: {
  readonly name: string
  readonly description?: string
  readonly document: Literal<Source>
  readonly separator?: string
  readonly label: Label
  readonly choices: readonly [Choice, Choice, ...ReadonlyArray<Choice>]
  readonly documents: Table<{ readonly [Column in Placeholders<NoInfer<Source>> | NoInfer<Label>]: string }>
  readonly examples: Table<{ readonly [Column in Placeholders<NoInfer<Source>> | NoInfer<Label>]: string }>
}): ChoiceTask => ({
  name: task.name,
  description: task.description ?? "",
  document: template<Source>(task.document),
  separator: task.separator ?? "\n\n",
  label: task.label,
  choices: task.choices,
  documents: task.documents,
  examples: task.examples
})
