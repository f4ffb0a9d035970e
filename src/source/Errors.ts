/** The ways in which files from outside fail: not there, not readable, not what they should contain. */
import * as Schema from "effect/Schema"

/** A pattern that found no file. */
export class NothingMatched extends Schema.TaggedError<NothingMatched>()("NothingMatched", {
  folder: Schema.String,
  pattern: Schema.String
}) {
  override get message() {
    return (
      `No file matches "${this.pattern}" in the folder ${this.folder}. Expected at least one: check ` +
      "the spelling and the folder. Names that begin with a dot must be written out."
    )
  }
}

/** Something that was found, yet is no regular file: a socket, a device, a link that leads nowhere. */
export class NotAFile extends Schema.TaggedError<NotAFile>()("NotAFile", {
  path: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `${this.path} is ${this.found}, where a regular file was expected. Narrow the pattern that found it.`
  }
}

/** The operating system refused to list a folder or to look at a file. */
export class FileUnreadable extends Schema.TaggedError<FileUnreadable>()("FileUnreadable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.path} cannot be read: ${this.reason}.`
  }
}

/** A file of rows that is broken, with the place where it breaks; row and byte count from 0, the line from 1. */
export class RowsUnreadable extends Schema.TaggedError<RowsUnreadable>()("RowsUnreadable", {
  file: Schema.String,
  row: Schema.Int,
  line: Schema.Int,
  byte: Schema.Int,
  reason: Schema.String
}) {
  override get message() {
    return (
      `${this.file} breaks at row ${this.row} (counted from 0; line ${this.line}, byte ${this.byte}): ` +
      `${this.reason}. Expected a JSON array of rows, or JSON Lines, in UTF-8.`
    )
  }
}

/** A compressed file that cannot be expanded. */
export class NotGzip extends Schema.TaggedError<NotGzip>()("NotGzip", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} cannot be expanded: ${this.reason}. Expected whole gzip, as its name ends in .gz.`
  }
}

export type SourceFailure = NothingMatched | NotAFile | FileUnreadable | RowsUnreadable | NotGzip
