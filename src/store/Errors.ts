/** The way in which the store fails: the disk refused something, and a person has to act. */
import * as Schema from "effect/Schema"

/** What to do about each refusal of a file system that people meet. */
const remedies: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full: free some space, then run again; whatever is in the store can be made again.",
  EDQUOT: "The quota is used up: free some space or ask for more, then run again.",
  EACCES: "This user may not write there: change the owner of the folder, or choose another one for the store.",
  EPERM: "This user may not do that there: change the owner of the folder, or choose another one for the store.",
  EROFS: "The file system is mounted read-only: remount it, or choose another folder for the store.",
  EMFILE: "Too many files are open: raise the limit (ulimit -n), or run fewer stages at once.",
  ENOTDIR: "A file lies where a folder should be: move it away, or choose another folder for the store.",
  ENOENT: "Something removed it in the meantime: run again.",
  CHANGED: "Wait until whatever writes it is done, then run again.",
  EIO: "The disk reported an input or output error: check the disk, then run again: a damaged result is made anew."
}

const errno = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "UNKNOWN"

/** The file system refused an operation of the store. What was half-written has been removed. */
export class StoreFailure extends Schema.TaggedError<StoreFailure>()("StoreFailure", {
  /** What the store was doing: "write an object". */
  operation: Schema.String,
  path: Schema.String,
  /** The system's error code, such as ENOSPC. */
  code: Schema.String,
  reason: Schema.String
}) {
  static from(operation: string, path: string, cause: unknown): StoreFailure {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new StoreFailure({ operation, path, code: errno(cause), reason })
  }
  override get message() {
    const remedy = remedies[this.code] ?? "Run again; if it happens again, check the disk."
    return `The store could not ${this.operation} at ${this.path}: ${this.reason}. ${remedy}`
  }
}
