/** The ways in which a run fails outside its stages. */
import * as Schema from "effect/Schema"

/** A stage reads what a failed step was to give. */
export class DependencyFailed extends Schema.TaggedError<DependencyFailed>()("DependencyFailed", {
  step: Schema.String,
  dependency: Schema.String
}) {
  override get message() {
    return `"${this.step}" was not started, because "${this.dependency}" failed.`
  }
}

/** Data or code moved while a stage worked with it, so that its result has no key that would be true. */
export class InputMoved extends Schema.TaggedError<InputMoved>()("InputMoved", {
  step: Schema.String,
  paths: Schema.Array(Schema.String)
}) {
  override get message() {
    return (
      `While "${this.step}" ran, what it was made from changed: ${this.paths.join(", ")}. ` +
      "Its result was not stored. Run again when nothing is being edited."
    )
  }
}

/** Code changed between the moment it was loaded and the moment it was fingerprinted. */
export class CodeMoved extends Schema.TaggedError<CodeMoved>()("CodeMoved", {
  paths: Schema.Array(Schema.String)
}) {
  override get message() {
    return `These modules changed after this process loaded them: ${this.paths.join(", ")}. Nothing was run. Run again.`
  }
}

/** A stage broke its promise: an output is missing, or it died with an error that is not in its type. */
export class StageBroken extends Schema.TaggedError<StageBroken>()("StageBroken", {
  step: Schema.String,
  stage: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The stage "${this.stage}" broke while it made "${this.step}": ${this.reason}`
  }
}

/** A stored result turned out to be damaged when it was read, and making it again gave other content. */
export class ResultDamaged extends Schema.TaggedError<ResultDamaged>()("ResultDamaged", {
  step: Schema.String
}) {
  override get message() {
    return `The stored result of "${this.step}" was damaged; it has been removed from the store. Run again to make it anew.`
  }
}

/** A part of a stored table is not what was stored; it is no longer in the store. */
export class PartDamaged extends Schema.TaggedError<PartDamaged>()("PartDamaged", {
  digest: Schema.String
}) {
  override get message() {
    return (
      `A part of a stored table, the object ${this.digest}, was found damaged and has been removed from the store. ` +
      "Run again to make it anew."
    )
  }
}

/** A file that an artifact consists of cannot be read. */
export class FileUnreadable extends Schema.TaggedError<FileUnreadable>()("FileUnreadable", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The file ${this.path} could not be read: ${this.reason}.`
  }
}

/** A pipeline file is missing, does not load, or does not export an experiment. */
export class BadPipeline extends Schema.TaggedError<BadPipeline>()("BadPipeline", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The pipeline file ${this.file} cannot be used: ${this.reason}`
  }
}

/** A name on the command line that no step has. */
export class UnknownStep extends Schema.TaggedError<UnknownStep>()("UnknownStep", {
  name: Schema.String,
  steps: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no step "${this.name}" in this experiment. Its steps are: ${this.steps.join(", ")}.`
  }
}
