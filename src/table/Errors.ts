/** The ways in which tables fail: schemas that no column can carry, rows that do not fit, files that are no tables. */
import * as Schema from "effect/Schema"

/** A row schema asks for something that a column cannot be. */
export class ColumnUnsupported extends Schema.TaggedError<ColumnUnsupported>()("ColumnUnsupported", {
  field: Schema.String,
  found: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `The field "${this.field}" of a row schema is ${this.found}, which no column can hold. ${this.remedy}`
  }
}

/** A row does not fit the schema of the table that it is written to. */
export class RowFailure extends Schema.TaggedError<RowFailure>()("RowFailure", {
  /** Position of the row among those that are written, from 0. */
  row: Schema.Int,
  /** Path of the field inside the row: "instruction", "choices[2].text". */
  field: Schema.String,
  found: Schema.String,
  expected: Schema.String
}) {
  override get message() {
    return (
      `Row ${this.row} of a table that was to be written does not fit its schema: the field "${this.field}" is ${this.found}, ` +
      `but ${this.expected} was expected. Correct the row, or have the pipeline set bad rows aside.`
    )
  }
}

/** A file cannot be written or read as a table of the schema. */
export class TableFailure extends Schema.TaggedError<TableFailure>()("TableFailure", {
  operation: Schema.Literals(["read", "write"]),
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The table ${this.path} could not be ${this.operation === "read" ? "read" : "written"}: ${this.reason}`
  }
}
