/** The ways in which files from outside fail: not there, not readable, not what they should contain. */
import * as Schema from "effect/Schema"
import type { StoreFailure } from "../store/Errors.ts"

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

/** An archive that is broken, or made to do harm. */
export class ArchiveRefused extends Schema.TaggedError<ArchiveRefused>()("ArchiveRefused", {
  archive: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The archive ${this.archive} is not read: ${this.reason}. Expected a whole zip archive; get it anew, or make it so.`
  }
}

/** A file of columns that is broken, or holds what cannot be read here. */
export class ColumnsUnreadable extends Schema.TaggedError<ColumnsUnreadable>()("ColumnsUnreadable", {
  file: Schema.String,
  format: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} cannot be read: ${this.reason}. Expected a whole file in ${this.format}'s format, as its name says.`
  }
}

/** A server that was asked and would not, or could not, answer. `url` never holds credentials. */
export class RequestFailed extends Schema.TaggedError<RequestFailed>()("RequestFailed", {
  url: Schema.String,
  /** Status of the answer; null where none came. */
  status: Schema.NullOr(Schema.Int),
  reason: Schema.String,
  /** Milliseconds after which the server wants to be asked again; null where asking again is of no use. */
  again: Schema.NullOr(Schema.Finite)
}) {
  override get message() {
    const answer = this.status === null ? "gave no whole answer" : `answered with status ${this.status}`
    const advice =
      this.again === null
        ? "Check the address, and whether it asks for a token."
        : "It was asked again several times: try later. What has arrived is kept."
    return `${this.url} ${answer}: ${this.reason}. ${advice}`
  }
}

/** A repository, revision or file that the Hub does not show to whoever asks. */
export class NotOnHub extends Schema.TaggedError<NotOnHub>()("NotOnHub", {
  what: Schema.String,
  endpoint: Schema.String,
  status: Schema.Int,
  reason: Schema.String
}) {
  override get message() {
    const advice = {
      401: "If it is private, set HF_TOKEN to a token that may read it; otherwise check the spelling.",
      403: "Accept its conditions on its page, and set HF_TOKEN to a token of that account.",
      404: "Check owner, name and revision; if it is private, set HF_TOKEN to a token that may read it."
    }[this.status]
    return `${this.endpoint} does not give ${this.what} (status ${this.status}: ${this.reason}). ${advice ?? "Try again later."}`
  }
}

/** What is needed from a server, while HF_HUB_OFFLINE forbids to ask one. */
export class Offline extends Schema.TaggedError<Offline>()("Offline", { what: Schema.String }) {
  override get message() {
    return (
      `${this.what} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it. ` +
      "Unset HF_HUB_OFFLINE for one run, or bring the cache of a machine that has it."
    )
  }
}

/** What a server gives is not what the lock file, or the pipeline, says it is. */
export class SourceChanged extends Schema.TaggedError<SourceChanged>()("SourceChanged", {
  what: Schema.String,
  /** What differs: "size", "sha256". */
  property: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return (
      `${this.what} is not what it was: its ${this.property} is ${this.found}, where ${this.expected} is pinned. If the ` +
      'change is wanted, pin what is there now: "tanren lock FILE --update", or the new sha256 in the pipeline.'
    )
  }
}

/** A name that a server or an archive gives, and that would lead out of its folder. */
export class UnsafeName extends Schema.TaggedError<UnsafeName>()("UnsafeName", {
  where: Schema.String,
  name: Schema.String
}) {
  override get message() {
    return `${this.where} names ${JSON.stringify(this.name)}, which is no path inside a folder. Nothing was written.`
  }
}

/** A lock file that holds something else than what "tanren lock" writes. */
export class LockUnreadable extends Schema.TaggedError<LockUnreadable>()("LockUnreadable", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The lock file ${this.file} cannot be used: ${this.reason}. Take it from version control, or remove it and pin anew.`
  }
}

/** The disk would not take what arrived. */
export class DiskRefused extends Schema.TaggedError<DiskRefused>()("DiskRefused", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.path} cannot be written: ${this.reason}. Free some space or change the folder's owner, then run again.`
  }
}

export type RemoteFailure =
  | RequestFailed
  | NotOnHub
  | Offline
  | SourceChanged
  | UnsafeName
  | LockUnreadable
  | DiskRefused
  | NothingMatched
  | StoreFailure

export type SourceFailure = NothingMatched | NotAFile | FileUnreadable | RowsUnreadable | NotGzip | RemoteFailure
