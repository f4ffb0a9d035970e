/** The ways in which the runtime fails, each telling a person what happened and what to do. */
import * as Schema from "effect/Schema"

/** The runtime refused or failed a call while its process stayed alive: a bad program, a wrong feed, a kernel error. */
export class SessionFailure extends Schema.TaggedError<SessionFailure>()("SessionFailure", {
  program: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `ONNX Runtime could not run the program "${this.program}": ${this.reason}`
  }
}

/** The execution provider is not on this machine, or its libraries are not installed. */
export class ProviderMissing extends Schema.TaggedError<ProviderMissing>()("ProviderMissing", {
  provider: Schema.String,
  reason: Schema.String,
  remedy: Schema.String
}) {
  override get message() {
    return `The execution provider "${this.provider}" cannot be used on this machine: ${this.reason} ${this.remedy}`
  }
}

/**
 * The runtime's process ended while it was needed: killed for memory, a driver fault, a crash.
 * One that never started has neither an exit code nor a signal.
 */
export class ProcessLost extends Schema.TaggedError<ProcessLost>()("ProcessLost", {
  exitCode: Schema.NullOr(Schema.Int),
  signal: Schema.NullOr(Schema.String),
  standardError: Schema.String
}) {
  override get message() {
    if (this.exitCode === null && this.signal === null) {
      return `The process that runs the model could not be started: ${this.standardError}`
    }
    const how = this.signal === null ? `ended with exit code ${this.exitCode}` : `was ended by ${this.signal}`
    const hint =
      this.signal === "SIGKILL"
        ? " A SIGKILL that nobody sent usually means that the machine ran out of memory: use a smaller batch, " +
          "or free memory, and run again."
        : ""
    const output = this.standardError === "" ? "" : ` Its last words: ${this.standardError}`
    return `The process that runs the model ${how} in the middle of its work.${hint}${output}`
  }
}

export type RuntimeFailure = SessionFailure | ProviderMissing | ProcessLost
