/** The record of a finished action: what went into its key, what came out, and how it came about. */
import * as Schema from "effect/Schema"
import { isRecord } from "./canonicalJson.ts"
import { ActionKey, hexPattern } from "./Digest.ts"
import { ObjectRef, signaturePattern } from "./ObjectRef.ts"

/** Any JSON. What `JSON.parse` gave needs no second look, and a plan reads a thousand records. */
const Json = Schema.declare((value): value is Schema.Json => value !== undefined)

/** One output: its digest is logical (for a table, over schema and values), its objects are files in the store. */
export const OutputRecord = Schema.Struct({
  kind: Schema.Literals(["table", "model", "value", "files"]),
  digest: Schema.String,
  objects: Schema.Record(Schema.String, ObjectRef),
  meta: Json
})
export type OutputRecord = typeof OutputRecord.Type

/** Who made it and when; the caller gives the times as ISO 8601 text. No part of this takes part in a key. */
export const Provenance = Schema.StructWithRest(
  Schema.Struct({ started: Schema.String, finished: Schema.String, host: Schema.String }),
  [Schema.Record(Schema.String, Json)]
)
export type Provenance = typeof Provenance.Type

export const ActionRecord = Schema.Struct({
  format: Schema.Literal(1),
  key: ActionKey,
  stage: Schema.String,
  /** Everything that was hashed into the key, so that a later plan can say what changed without a rerun. */
  ingredients: Json,
  outputs: Schema.Record(Schema.String, OutputRecord),
  provenance: Provenance
})
export type ActionRecord = typeof ActionRecord.Type

/** Seconds from the start of an action to its end. */
export const secondsTaken = ({ provenance: { finished, started } }: ActionRecord): number =>
  Math.max(0, Date.parse(finished) - Date.parse(started)) / 1000

const isText = (value: unknown): value is string => typeof value === "string"

const isObjectRef = (value: unknown): boolean =>
  isRecord(value) &&
  isText(value.digest) &&
  hexPattern.test(value.digest) &&
  Number.isSafeInteger(value.size) &&
  isText(value.signature) &&
  signaturePattern.test(value.signature)

const kinds: ReadonlySet<unknown> = new Set(OutputRecord.fields.kind.literals)

const isOutputRecord = (value: unknown): boolean =>
  isRecord(value) &&
  kinds.has(value.kind) &&
  isText(value.digest) &&
  isRecord(value.objects) &&
  Object.values(value.objects).every(isObjectRef) &&
  value.meta !== undefined

/**
 * Whether what `JSON.parse` gave is a record: the schema's own answer without its parser, since a plan over a thousand
 * results asks a thousand times.
 */
export const isActionRecord = (value: unknown): value is ActionRecord =>
  isRecord(value) &&
  value.format === 1 &&
  isText(value.key) &&
  hexPattern.test(value.key) &&
  isText(value.stage) &&
  value.ingredients !== undefined &&
  isRecord(value.outputs) &&
  Object.values(value.outputs).every(isOutputRecord) &&
  isRecord(value.provenance) &&
  isText(value.provenance.started) &&
  isText(value.provenance.finished) &&
  isText(value.provenance.host)
