/** What stages report when data or settings do not let them do their work. */
import * as Schema from "effect/Schema"

/** A stage that must leave rows leaves none. */
export class NothingLeft extends Schema.TaggedError<NothingLeft>()("NothingLeft", {
  stage: Schema.String,
  name: Schema.String,
  rows: Schema.Int
}) {
  override get message() {
    return (
      `The ${this.stage} "${this.name}" dropped all ${this.rows} rows it read, and a table without rows is of no use ` +
      'to what follows. Check its condition, or the rows that reach it with "tanren show".'
    )
  }
}

/** A setting asks for more than the data has. */
export class NotEnoughRows extends Schema.TaggedError<NotEnoughRows>()("NotEnoughRows", {
  stage: Schema.String,
  asked: Schema.Int,
  rows: Schema.Int
}) {
  override get message() {
    return (
      `The stage "${this.stage}" was asked for ${this.asked} rows, but the table it reads has only ${this.rows}. ` +
      "Ask for fewer, or give it more rows."
    )
  }
}

/** A column that a stage reads is not text, or not there. */
export class ColumnMissing extends Schema.TaggedError<ColumnMissing>()("ColumnMissing", {
  stage: Schema.String,
  column: Schema.String,
  row: Schema.Int,
  columns: Schema.Array(Schema.String)
}) {
  override get message() {
    return (
      `The stage "${this.stage}" reads the text column "${this.column}", which row ${this.row} of its table does not ` +
      `have. The columns there are: ${this.columns.join(", ")}.`
    )
  }
}

/** A text that a model cannot take whole, where its beginning must not or cannot be left out. */
export class TextBeyondModel extends Schema.TaggedError<TextBeyondModel>()("TextBeyondModel", {
  stage: Schema.String,
  row: Schema.Int,
  tokens: Schema.Int,
  positions: Schema.Int,
  /** Whether the response alone is too long: then no shorter prompt would help. */
  response: Schema.Boolean
}) {
  override get message() {
    const what = this.response ? "The response" : "The text"
    const remedy = this.response ? "" : ', or leave out the beginnings of such texts: tooLong: "cut"'
    return (
      `${what} of row ${this.row} has ${this.tokens} tokens, but the model of the stage "${this.stage}" has only ` +
      `${this.positions} positions, so that no figure for the whole of it can be computed. Drop such rows with a ` +
      `filter, measure a model that takes longer texts${remedy}.`
    )
  }
}

/** A row is longer than what reads it can take. */
export class RowTooLong extends Schema.TaggedError<RowTooLong>()("RowTooLong", {
  stage: Schema.String,
  row: Schema.Int,
  tokens: Schema.Int,
  limit: Schema.Int,
  begins: Schema.String
}) {
  override get message() {
    return (
      `Row ${this.row} has ${this.tokens} tokens, but the stage "${this.stage}" takes at most ${this.limit}. The row ` +
      `begins ${JSON.stringify(this.begins)}. Raise the limit, drop such rows with a filter, or let the stage cut them: tooLong: "cut".`
    )
  }
}

/** A function of the pipeline threw. */
export class FunctionThrew extends Schema.TaggedError<FunctionThrew>()("FunctionThrew", {
  stage: Schema.String,
  name: Schema.String,
  row: Schema.Int,
  reason: Schema.String
}) {
  override get message() {
    return `The function of the ${this.stage} "${this.name}" threw at row ${this.row}: ${this.reason}`
  }
}

/** A document's label is none of the task's choices. */
export class LabelUnknown extends Schema.TaggedError<LabelUnknown>()("LabelUnknown", {
  row: Schema.Int,
  column: Schema.String,
  found: Schema.String,
  labels: Schema.Array(Schema.String)
}) {
  override get message() {
    return (
      `Row ${this.row} of a choice task has "${this.found}" in its label column "${this.column}", but the task's ` +
      `choices are for the labels ${this.labels.join(", ")}. Add a choice for it, or filter such rows out.`
    )
  }
}

/** Stratified sampling asks a label for more examples than there are. */
export class LabelTooRare extends Schema.TaggedError<LabelTooRare>()("LabelTooRare", {
  label: Schema.String,
  asked: Schema.Int,
  rows: Schema.Int
}) {
  override get message() {
    return (
      `Stratified sampling needs ${this.asked} examples of the label "${this.label}", but the table of examples has only ` +
      `${this.rows}. Show fewer examples, give more rows, or sample without regard to labels: sampling: "harness".`
    )
  }
}

/** A choice has no token of its own. */
export class ChoiceWithoutTokens extends Schema.TaggedError<ChoiceWithoutTokens>()("ChoiceWithoutTokens", {
  choice: Schema.String,
  /** The last characters of the context. */
  ends: Schema.String,
  encoding: Schema.String
}) {
  override get message() {
    return (
      `The choice ${JSON.stringify(this.choice)} after a context that ends ${JSON.stringify(this.ends)} has no token of ` +
      `its own in the encoding "${this.encoding}", so it has no likelihood. Give it a text, or let it begin where a token does.`
    )
  }
}

/** A row that does not fit its schema: where it stands and what is wrong. */
export const BadRowRecord = Schema.Struct({
  file: Schema.String,
  /** Position in the file, from 0. */
  row: Schema.Int,
  /** From 1; 0 in a format without lines. */
  line: Schema.Int,
  problem: Schema.String
})
export type BadRow = typeof BadRowRecord.Type

/** A row does not fit the schema of its table. */
export class RowRefused extends Schema.TaggedError<RowRefused>()("RowRefused", BadRowRecord.fields) {
  override get message() {
    return (
      `Row ${this.row} of ${this.file}${this.line === 0 ? "" : ` (line ${this.line})`} does not fit the schema of its table: ${this.problem}. ` +
      'Correct the row, or keep such rows apart: badRows: "set aside".'
    )
  }
}

/** So many rows do not fit that the schema, not the rows, must be wrong. */
export class TooManyBadRows extends Schema.TaggedError<TooManyBadRows>()("TooManyBadRows", {
  most: Schema.Int,
  last: Schema.String
}) {
  override get message() {
    return `More than ${this.most} rows do not fit the schema of their table; check the schema. The last of them: ${this.last}`
  }
}

/** Files without a single row. */
export class NoRows extends Schema.TaggedError<NoRows>()("NoRows", { files: Schema.Array(Schema.String) }) {
  override get message() {
    return `There is not one row in ${this.files.join(", ")}. Expected JSON arrays of objects, JSON Lines, Parquet or Arrow.`
  }
}

/** An estimate reads a file that no stage has made yet. */
export class NotMade extends Schema.TaggedError<NotMade>()("NotMade", { path: Schema.String }) {
  override get message() {
    return `The file "${this.path}" is not made yet: of it no more than its size is known.`
  }
}
