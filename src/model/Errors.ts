/** The ways in which models, weights, adapters and training fail: what was found, and what to do. */
import * as Schema from "effect/Schema"
import type { StageFailure } from "../pipeline/Reader.ts"
import type { RuntimeFailure } from "../runtime/Errors.ts"

/** A model that cannot be computed here with the result its makers meant. */
export class ModelUnsupported extends Schema.TaggedError<ModelUnsupported>()("ModelUnsupported", {
  file: Schema.String,
  field: Schema.String,
  found: Schema.String,
  supported: Schema.String
}) {
  override get message() {
    return (
      `${this.file}: "${this.field}" is ${this.found}, which is not supported, and leaving it out would change ` +
      `the model's results. Supported: ${this.supported}. Choose another model.`
    )
  }
}

/** What helps against weights that cannot be used: a damaged file is fetched again, one in another form is saved again. */
const weightRemedies = {
  fetch: "Fetch the file again, or check which model it belongs to.",
  save: "If you trust where it comes from, load it in Python and save it again as safetensors."
}
export type WeightRemedy = keyof typeof weightRemedies

/** A weight file, or a folder of them, that is not what it claims to be, or in a form that is not read. */
export class WeightsInvalid extends Schema.TaggedError<WeightsInvalid>()("WeightsInvalid", {
  file: Schema.String,
  reason: Schema.String,
  /** To fetch it again, unless another is named. */
  remedy: Schema.optionalKey(Schema.Literals(["fetch", "save"]))
}) {
  override get message() {
    return `The weights in ${this.file} cannot be used: ${this.reason} ${weightRemedies[this.remedy ?? "fetch"]}`
  }
}

/** An adapter that does not follow PEFT's definition of LoRA, or does not fit the model under it. */
export class AdapterInvalid extends Schema.TaggedError<AdapterInvalid>()("AdapterInvalid", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The adapter in ${this.file} cannot be used: ${this.reason}`
  }
}

/** A name among the adapter's targets that no linear layer of the model has. */
export class TargetMissing extends Schema.TaggedError<TargetMissing>()("TargetMissing", {
  targets: Schema.Array(Schema.String),
  modules: Schema.Array(Schema.String)
}) {
  override get message() {
    const targets = this.targets.map((target) => `"${target}"`).join(", ")
    return (
      `No layer of this model matches the adapter targets ${targets}. ` +
      `Layers that can be adapted: ${this.modules.join(", ")}.`
    )
  }
}

/** A row with more tokens than the model has positions, or with a token that the model does not know. */
export class RowUnfit extends Schema.TaggedError<RowUnfit>()("RowUnfit", {
  row: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.row} does not fit the model: ${this.reason}`
  }
}

/** A loss or gradient that is not a number any more: nothing after it would mean anything. */
export class TrainingDiverged extends Schema.TaggedError<TrainingDiverged>()("TrainingDiverged", {
  step: Schema.Int,
  loss: Schema.Number,
  gradientNorm: Schema.Number,
  learningRate: Schema.Number,
  rows: Schema.Array(Schema.Int)
}) {
  override get message() {
    const rows = this.rows.slice(0, 8).join(", ") + (this.rows.length > 8 ? `, … (${this.rows.length} rows)` : "")
    return (
      `Training diverged at step ${this.step}: the loss is ${this.loss} and the gradient norm ` +
      `${this.gradientNorm}, at learning rate ${this.learningRate}, with rows ${rows}. ` +
      "Lower the learning rate, or look at these rows."
    )
  }
}

/** Training asked for with settings that contradict each other or the data. */
export class TrainingMisconfigured extends Schema.TaggedError<TrainingMisconfigured>()("TrainingMisconfigured", {
  setting: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `Training cannot start: "${this.setting}" ${this.reason}`
  }
}

/** What opening a model can fail with. */
export type ModelFailure = ModelUnsupported | WeightsInvalid | AdapterInvalid | StageFailure

/** What computing with an open model can fail with. */
export type ComputeFailure = RowUnfit | RuntimeFailure

/** What training can fail with. */
export type TrainingFailure = ModelFailure | ComputeFailure | TargetMissing | TrainingDiverged | TrainingMisconfigured
