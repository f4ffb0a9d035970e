/** Files of torch.save: where each tensor of a state dict lies in the file, without reading the tensors. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { show } from "../../graph/shapes.ts"
import type { FilesReader, StageFailure } from "../../pipeline/Reader.ts"
import { type WeightRemedy, WeightsInvalid } from "../Errors.ts"
import { fileSize } from "./fileSize.ts"
import { largestPickle, readPickle } from "./pickle.ts"
import type { PickleValue } from "./pickleMachine.ts"
import { quote } from "./quote.ts"
import { bytesOf, type StoredTensor, type WeightElement } from "./safetensors.ts"
import { readZip, type ZipEntry } from "./zip.ts"

/** Element types by torch's storage class; undefined for those that no model here computes with. */
const storageElements: Readonly<Record<string, WeightElement | undefined>> = {
  "torch.FloatStorage": "float32",
  "torch.HalfStorage": "float16",
  "torch.BFloat16Storage": "bfloat16",
  "torch.DoubleStorage": undefined,
  "torch.LongStorage": undefined,
  "torch.IntStorage": undefined,
  "torch.ShortStorage": undefined,
  "torch.CharStorage": undefined,
  "torch.ByteStorage": undefined,
  "torch.BoolStorage": undefined,
  "torch.ComplexDoubleStorage": undefined,
  "torch.ComplexFloatStorage": undefined
}

const rebuildTensor = "torch._utils._rebuild_tensor_v2"
const rebuildParameter = "torch._utils._rebuild_parameter"
const vocabulary = {
  constants: new Set(Object.keys(storageElements)),
  constructors: new Set([rebuildTensor, rebuildParameter])
}

const tupleOf = <const Items extends ReadonlyArray<Schema.Top>>(items: Items) =>
  Schema.Struct({ kind: Schema.Literal("tuple"), items: Schema.Tuple(items) })
const naturals = Schema.Struct({ kind: Schema.Literal("tuple"), items: Schema.Array(Schema.Natural) })
const emptyDict = Schema.Struct({ kind: Schema.Literal("dict"), items: Schema.Tuple([]) })

/** Storage class, name of the archive's entry, device, and number of elements. */
const Storage = Schema.Struct({
  kind: Schema.Literal("persistent"),
  id: tupleOf([
    Schema.Literal("storage"),
    Schema.Struct({ kind: Schema.Literal("global"), name: Schema.String }),
    Schema.String,
    Schema.String,
    Schema.Natural
  ])
})

/** Storage, offset in elements, shape, strides in elements, requires_grad, hooks, and marks such as "conjugated". */
const Tensor = Schema.Struct({
  kind: Schema.Literal("call"),
  callee: Schema.Literal(rebuildTensor),
  args: Schema.Tuple([
    Storage,
    Schema.Natural,
    naturals,
    naturals,
    Schema.Boolean,
    emptyDict,
    Schema.optionalKey(Schema.NullOr(emptyDict))
  ])
})

const Parameter = Schema.Struct({
  kind: Schema.Literal("call"),
  callee: Schema.Literal(rebuildParameter),
  args: Schema.Tuple([Tensor, Schema.Boolean, emptyDict])
})

const decodeTensor = Schema.decodeUnknownOption(Tensor)
const decodeParameter = Schema.decodeUnknownOption(Parameter)

const tensorOf = (value: PickleValue): Option.Option<typeof Tensor.Type> =>
  Option.orElse(decodeTensor(value), () => Option.map(decodeParameter(value), ({ args: [tensor] }) => tensor))

/** Row-major order without gaps; the stride of an axis of one element is never used. */
const isContiguous = (shape: ReadonlyArray<number>, strides: ReadonlyArray<number>): boolean => {
  const expected = shape.map((_, axis) => shape.slice(axis + 1).reduce((all, size) => all * size, 1))
  return shape.includes(0) || shape.every((size, axis) => size === 1 || strides[axis] === expected[axis])
}

const startsWith = (bytes: Uint8Array, prefix: ReadonlyArray<number>): boolean =>
  prefix.every((byte, index) => bytes[index] === byte)
const zipPrefix = [0x50, 0x4b, 0x03, 0x04]
const picklePrefix = [0x80]

interface Archive {
  readonly pickle: ZipEntry
  /** All entries, by their name below the archive's one folder. */
  readonly entries: ReadonlyMap<string, ZipEntry>
}

/** Finds the parts of a file of torch.save. */
const openArchive = Effect.fn("openArchive")(function* (
  files: FilesReader,
  path: string
): Effect.fn.Return<Archive, WeightsInvalid | StageFailure> {
  const invalid = (reason: string, remedy: WeightRemedy = "fetch") => new WeightsInvalid({ file: path, reason, remedy })
  const size = yield* fileSize(files, path)
  const start = yield* files.slice(path, 0, Math.min(4, size))
  if (startsWith(start, picklePrefix)) {
    return yield* invalid("it is in the format that torch wrote before version 1.6.", "save")
  }
  if (!startsWith(start, zipPrefix)) return yield* invalid("it does not begin as a file of torch.save does.")
  const entries = yield* readZip(files, path, size)
  const pickles = [...entries].filter(([name]) => /^[^/]+\/data\.pkl$/.test(name))
  const [first] = pickles
  if (first === undefined || pickles.length > 1) {
    return yield* invalid(`it has ${pickles.length} entries data.pkl, where a file of torch.save has one.`)
  }
  const [name, pickle] = first
  const folder = name.replace(/data\.pkl$/, "")
  const below = [...entries].filter(([other]) => other.startsWith(folder))
  return { pickle, entries: new Map(below.map(([other, entry]) => [other.slice(folder.length), entry])) }
})

/** Checks one tensor against its storage; undefined for one of an element type that no model here computes with. */
const locate = (
  path: string,
  name: string,
  { args: [{ id }, start, { items: shape }, { items: strides }] }: typeof Tensor.Type,
  entries: ReadonlyMap<string, ZipEntry>
): Effect.Effect<StoredTensor | undefined, WeightsInvalid> => {
  const invalid = (reason: string, remedy: WeightRemedy = "fetch") =>
    Effect.fail(new WeightsInvalid({ file: path, reason, remedy }))
  const [, { name: storageClass }, key, , count] = id.items
  const shown = quote(name)
  if (!vocabulary.constants.has(storageClass))
    return invalid(`tensor ${shown} has a ${storageClass} as its storage.`, "save")
  const element = storageElements[storageClass]
  if (element === undefined) return Effect.succeed(undefined)
  const entry = `data/${key}`
  const storage = entries.get(entry)
  if (storage === undefined) return invalid(`the values of tensor ${shown}, entry ${quote(entry)}, are missing.`)
  const width = bytesOf[element]
  if (storage.length !== count * width) {
    return invalid(`${count} ${element} of entry "${entry}" need ${count * width} bytes; it has ${storage.length}.`)
  }
  if (strides.length !== shape.length || !isContiguous(shape, strides)) {
    return invalid(
      `tensor ${shown} of shape ${show(shape)} has strides ${show(strides)}, so that its values lie in another ` +
        "order than its contiguous() has.",
      "save"
    )
  }
  const elements = shape.reduce((all, size) => all * size, 1)
  if (start + elements > count) {
    return invalid(`tensor ${shown} takes elements ${start} to ${start + elements} of a storage that has ${count}.`)
  }
  return Effect.succeed({ path, offset: storage.offset + start * width, length: elements * width, element, shape })
}

/**
 * The tensors of one file, by name: a state dict as saved by torch 1.6 or later. Reads the archive's directory and the
 * pickle that describes the tensors (at most 16 MiB each), runs nothing, and leaves the tensors where they are. Several
 * may share a storage. As with safetensors, tensors of element types that no model here computes with are left out.
 */
export const readTorchFile = Effect.fn("readTorchFile")(function* (
  files: FilesReader,
  path: string
): Effect.fn.Return<ReadonlyMap<string, StoredTensor>, WeightsInvalid | StageFailure> {
  const unread = (reason: string) => new WeightsInvalid({ file: path, reason, remedy: "save" })
  const { entries, pickle } = yield* openArchive(files, path)
  const order = entries.get("byteorder")
  if (order !== undefined) {
    const found = new TextDecoder().decode(yield* files.slice(path, order.offset, Math.min(order.length, 16)))
    if (found !== "little") {
      return yield* unread(`its byte order is ${JSON.stringify(found)}; only "little" is read in place.`)
    }
  }
  if (pickle.length > largestPickle) {
    return yield* unread(`its data.pkl has ${pickle.length} bytes, more than the ${largestPickle} of any state dict.`)
  }
  const bytes = yield* files.slice(path, pickle.offset, pickle.length)
  const state = yield* readPickle(bytes, { file: path, entry: "data.pkl" }, vocabulary)
  if (state === null || typeof state !== "object" || state.kind !== "dict") {
    return yield* unread("it holds no state dict.")
  }
  const tensors = new Map<string, StoredTensor>()
  for (const [name, value] of new Map(state.items)) {
    const tensor = tensorOf(value)
    if (Option.isNone(tensor)) {
      return yield* unread(`${quote(name)} is not a tensor that is read; a state dict has nothing but plain tensors.`)
    }
    const stored = yield* locate(path, name, tensor.value, entries)
    if (stored !== undefined) tensors.set(name, stored)
  }
  return tensors
})
