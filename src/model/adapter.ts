/** Adapters as PEFT keeps them: adapter_config.json beside adapter_model.safetensors, or in 2023 adapter_model.bin. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { show } from "../graph/shapes.ts"
import type { FilesContent, FilesReader, StageFailure } from "../pipeline/Reader.ts"
import type { LinearModule } from "./architecture.ts"
import { AdapterInvalid, type WeightsInvalid } from "./Errors.ts"
import { type AdapterTensors, factorNames, type Factors, type LoraOptions, scaleOf } from "./lora.ts"
import { readSafetensors, type StoredTensor, writeSafetensors } from "./weights/safetensors.ts"
import { storedSymbol } from "./weights/symbol.ts"
import { readTorchFile } from "./weights/torchFile.ts"

const configFile = "adapter_config.json"
const tensorFile = "adapter_model.safetensors"
const torchTensorFile = "adapter_model.bin"

/** A trained adapter's factors by module path, as symbols that point into its file. */
export type FrozenAdapter = ReadonlyMap<string, Factors>

/** The pair of matrices on one layer as they lie in their file. */
export interface StoredFactors {
  readonly a: StoredTensor
  readonly b: StoredTensor
  readonly scale: number
}
export type StoredAdapter = ReadonlyMap<string, StoredFactors>

/** The fields of PEFT's config, all of them, so that any version of it reads the same adapter. */
const configOf = (lora: LoraOptions, baseName: string | null) => ({
  peft_type: "LORA",
  task_type: "CAUSAL_LM",
  base_model_name_or_path: baseName,
  revision: null,
  r: lora.rank,
  lora_alpha: lora.alpha,
  lora_dropout: lora.dropout,
  target_modules: lora.targets,
  bias: "none",
  fan_in_fan_out: false,
  inference_mode: true,
  init_lora_weights: true,
  modules_to_save: null,
  layers_to_transform: null,
  layers_pattern: null,
  rank_pattern: {},
  alpha_pattern: {},
  use_rslora: lora.rankStabilized,
  use_dora: false
})

/** The two files of an adapter. `baseName` is for people who load it elsewhere: the Hub's name of the base model. */
export const adapterFiles = (lora: LoraOptions, tensors: AdapterTensors, baseName: string | null): FilesContent => ({
  [configFile]: new TextEncoder().encode(`${JSON.stringify(configOf(lora, baseName), null, 2)}\n`),
  [tensorFile]: writeSafetensors(tensors, { format: "pt" })
})

const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const AdapterConfig = Schema.fromJsonString(
  Schema.Struct({
    peft_type: Schema.Literals(["LORA"]),
    r: Schema.Int.check(Schema.isGreaterThan(0)),
    lora_alpha: Schema.Finite,
    use_rslora: optional(Schema.Boolean)
  })
)
const anyFields = Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown))

/** Options of PEFT that change what an adapter computes, with the JSON under which it computes plain LoRA. */
const plainValues: Readonly<Record<string, string>> = {
  use_dora: "false",
  use_qalora: "false",
  use_bdlora: "false",
  bias: '"none"',
  lora_bias: "false",
  fan_in_fan_out: "false",
  rank_pattern: "{}",
  alpha_pattern: "{}",
  modules_to_save: "[]",
  layer_replication: "[]",
  target_parameters: "[]",
  trainable_token_indices: "[]",
  alora_invocation_tokens: "[]",
  arrow_config: "{}",
  kasa_config: "{}",
  velora_config: "{}",
  monteclora_config: "{}"
}

/** Absent and null say that the option is not used. */
const isPlain = (value: unknown, plain: string): boolean =>
  value === undefined || value === null || JSON.stringify(value) === plain

const readAdapterConfig = Effect.fn("readAdapterConfig")(function* (
  files: FilesReader
): Effect.fn.Return<{ readonly rank: number; readonly scale: number }, AdapterInvalid | StageFailure> {
  const invalid = (reason: string) => new AdapterInvalid({ file: configFile, reason })
  const text = new TextDecoder().decode(yield* files.bytes(configFile))
  const decodeError = ({ message }: { readonly message: string }) =>
    invalid(`it is not a LoRA config of PEFT (${message}).`)
  const config = yield* Effect.mapError(Schema.decodeUnknownEffect(AdapterConfig)(text), decodeError)
  const fields = yield* Effect.mapError(Schema.decodeUnknownEffect(anyFields)(text), decodeError)
  for (const [name, plain] of Object.entries(plainValues)) {
    if (!isPlain(fields[name], plain)) {
      return yield* invalid(`"${name}" is ${JSON.stringify(fields[name])}; only plain LoRA (${plain}) is supported.`)
    }
  }
  const scale = scaleOf({ rank: config.r, alpha: config.lora_alpha, rankStabilized: config.use_rslora ?? false })
  return { rank: config.r, scale }
})

const sameShape = (tensor: StoredTensor, rows: number, columns: number): boolean =>
  tensor.shape.length === 2 && tensor.shape[0] === rows && tensor.shape[1] === columns

/** Finds the matrices of an adapter for a model with these layers, by module path. Reads configs and headers alone. */
export const locateAdapter = Effect.fn("locateAdapter")(function* (
  files: FilesReader,
  modules: ReadonlyArray<LinearModule>
): Effect.fn.Return<StoredAdapter, AdapterInvalid | WeightsInvalid | StageFailure> {
  const has = (path: string) => files.entries.some((entry) => entry.path === path)
  const isTorch = !has(tensorFile) && has(torchTensorFile)
  const invalid = (reason: string) => new AdapterInvalid({ file: isTorch ? torchTensorFile : tensorFile, reason })
  const { rank, scale } = yield* readAdapterConfig(files)
  const tensors = new Map(yield* isTorch ? readTorchFile(files, torchTensorFile) : readSafetensors(files, tensorFile))
  const factors = new Map<string, StoredFactors>()
  for (const { inputs, outputs, path } of modules) {
    const names = factorNames(path)
    const a = tensors.get(names.a)
    const b = tensors.get(names.b)
    tensors.delete(names.a)
    tensors.delete(names.b)
    if (a === undefined && b === undefined) continue
    if (a === undefined || b === undefined) {
      return yield* invalid(`"${a === undefined ? names.a : names.b}" is missing.`)
    }
    if (!sameShape(a, rank, inputs) || !sameShape(b, outputs, rank)) {
      return yield* invalid(
        `the matrices of ${path} are ${show(a.shape)} and ${show(b.shape)}, but its config and the base model imply ` +
          `[${rank}, ${inputs}] and [${outputs}, ${rank}].`
      )
    }
    factors.set(path, { a, b, scale })
  }
  const [stranger] = tensors.keys()
  if (stranger !== undefined) return yield* invalid(`"${stranger}" belongs to no linear layer of the base model.`)
  if (factors.size === 0) return yield* invalid("it has no tensors.")
  return factors
})

/** Reads the adapter that is number `position` on the model with these layers. */
export const readAdapter = (
  files: FilesReader,
  modules: ReadonlyArray<LinearModule>,
  position: number
): Effect.Effect<FrozenAdapter, AdapterInvalid | WeightsInvalid | StageFailure> =>
  Effect.map(
    locateAdapter(files, modules),
    (stored) =>
      new Map(
        [...stored].map(([path, { a, b, scale }]) => {
          const names = factorNames(path)
          const symbol = (name: string, tensor: StoredTensor) =>
            storedSymbol(files, `adapter ${position}: ${name}`, tensor)
          return [path, { a: symbol(names.a, a), b: symbol(names.b, b), scale }]
        })
      )
  )
