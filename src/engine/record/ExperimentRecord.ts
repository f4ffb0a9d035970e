/** The record of an experiment: what its figures are and everything that their keys say they were made from. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { ActionKey, digestOf } from "../../store/Digest.ts"
import { canonicalText, type JsonValue } from "../config/JsonValue.ts"
import { Ingredients } from "../identity.ts"
import { RecordUnreadable } from "./Errors.ts"

/** What one step was made from, and what came out. Its code stands in the record's `code`, under the digest given here. */
export const RecordedStep = Schema.Struct({
  name: Schema.String,
  key: ActionKey,
  ingredients: Schema.Struct({ ...Ingredients.fields, code: Schema.String }),
  outputs: Schema.Record(
    Schema.String,
    Schema.Struct({ kind: Schema.Literals(["table", "model", "value", "files"]), digest: Schema.String })
  ),
  /** Time that the stage took where it ran. */
  seconds: Schema.Finite
})
export type RecordedStep = typeof RecordedStep.Type

/** Files from outside, as the pipeline names them, and what they were. */
export const RecordedFiles = Schema.Struct({
  files: Schema.Json,
  as: Schema.Literals(["files", "model"]),
  digest: Schema.String
})
export type RecordedFiles = typeof RecordedFiles.Type

/** What tells files from outside apart: how the pipeline names them. */
export const filesName = ({ as, files }: { readonly as: string; readonly files: unknown }): string =>
  // A pipeline names files by texts and lists of them.
  canonicalText({ as, files: files as JsonValue })

/** One cell of the experiment's results: the value itself, as the store holds it. */
export const RecordedResult = Schema.Struct({
  model: Schema.String,
  measurement: Schema.String,
  step: Schema.String,
  output: Schema.String,
  value: Schema.Json
})
export type RecordedResult = typeof RecordedResult.Type

const Content = Schema.Struct({
  format: Schema.Literal(1),
  experiment: Schema.String,
  results: Schema.Array(RecordedResult),
  steps: Schema.Array(RecordedStep),
  files: Schema.Array(RecordedFiles),
  code: Schema.Record(
    Schema.String,
    Schema.Struct({
      declarations: Schema.Array(Schema.Struct({ module: Schema.String, name: Schema.String, hash: Schema.String })),
      packages: Schema.Array(Schema.String)
    })
  )
})
type Content = typeof Content.Type

/** `seal` is the digest of all the rest, so that a record which somebody edited does not pass for one that a run made. */
export const ExperimentRecord = Schema.Struct({ ...Content.fields, seal: Schema.String })
export type ExperimentRecord = typeof ExperimentRecord.Type

// What the schema describes is JSON throughout.
const sealOf = (content: Content): string => digestOf(canonicalText(content as JsonValue))

/** The digest of a recorded value: that of its file in the store. */
export const valueDigest = (value: Schema.Json): string => digestOf(canonicalText(value as JsonValue))

/** Closes a record. */
export const seal = (content: Content): ExperimentRecord => ({ ...content, seal: sealOf(content) })

/** Whether nobody touched the record since it was made. */
export const isSealed = ({ seal, ...content }: ExperimentRecord): boolean => seal === sealOf(content)

/** The text of a record's file: one line for each step and result, for the sake of those who read its differences. */
export const recordText = (record: ExperimentRecord): string => {
  const listed = (items: ReadonlyArray<unknown>) =>
    items.length === 0 ? "[]" : `[\n${items.map((item) => `    ${JSON.stringify(item)}`).join(",\n")}\n  ]`
  const { code, experiment, files, format, results, seal, steps } = record
  const codes = Object.entries(code).map(([digest, one]) => `    ${JSON.stringify(digest)}: ${JSON.stringify(one)}`)
  return `{
  "format": ${format},
  "experiment": ${JSON.stringify(experiment)},
  "results": ${listed(results)},
  "steps": ${listed(steps)},
  "files": ${listed(files)},
  "code": {\n${codes.join(",\n")}\n  },
  "seal": ${JSON.stringify(seal)}
}
`
}

const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(ExperimentRecord), { onExcessProperty: "error" })

/** Reads the text of a record's file. Fails where it is none; whether it was edited, `isSealed` says. */
export const parseRecord = (path: string, text: string): Effect.Effect<ExperimentRecord, RecordUnreadable> =>
  Effect.mapError(decode(text), ({ message }) => new RecordUnreadable({ path, reason: message }))

/** The ingredients of a recorded step, with its code in its place. */
export const ingredientsIn = ({ code }: ExperimentRecord, { ingredients }: RecordedStep): Ingredients => {
  const { declarations, packages } = code[ingredients.code] ?? { declarations: [], packages: [] }
  return { ...ingredients, code: { digest: ingredients.code, declarations, packages } }
}
