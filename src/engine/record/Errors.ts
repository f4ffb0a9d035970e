/** The ways in which a record of an experiment cannot be made or read. */
import * as Schema from "effect/Schema"

/** Not every result of the experiment is in the store. */
export class NotRecordable extends Schema.TaggedError<NotRecordable>()("NotRecordable", {
  experiment: Schema.String,
  steps: Schema.Array(Schema.String)
}) {
  override get message() {
    return (
      `There is nothing to record of "${this.experiment}" yet: the store lacks the results of ${this.steps.join(", ")}. ` +
      'Make them with "tanren run", then record.'
    )
  }
}

/** A file is not the record of an experiment. */
export class RecordUnreadable extends Schema.TaggedError<RecordUnreadable>()("RecordUnreadable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return (
      `${this.path} is not the record of an experiment: ${this.reason.replaceAll(/\s*\n\s*/g, " ")}. ` +
      'Make it anew with "tanren record".'
    )
  }
}
