/** Files of torch.save give the tensors of their safetensors twins; others are refused by what is wrong with them. */
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mul } from "../../../src/graph/build.ts"
import { serialize } from "../../../src/graph/serialize.ts"
import { readAdapter } from "../../../src/model/adapter.ts"
import { openModel } from "../../../src/model/Model.ts"
import { readSafetensors, type StoredTensor } from "../../../src/model/weights/safetensors.ts"
import { storedSymbol } from "../../../src/model/weights/symbol.ts"
import { readTorchFile } from "../../../src/model/weights/torchFile.ts"
import { readWeights } from "../../../src/model/weights/Weights.ts"
import type { FilesReader } from "../../../src/pipeline/Reader.ts"
import { OnnxRuntime } from "../../../src/runtime/OnnxRuntime.ts"
import { agree, equal } from "../../agreement/agreement.ts"
import { goldenFolder, goldenModel, logitsOf, memoryReader, reference, Runtime } from "../support.ts"

const golden = goldenFolder("torch")

/** Every tensor with its own bytes, wherever they lie. */
const contents = Effect.fn("contents")(function* (files: FilesReader, tensors: ReadonlyMap<string, StoredTensor>) {
  return yield* Effect.forEach(
    [...tensors].toSorted(([a], [b]) => (a < b ? -1 : 1)),
    ([name, tensor]) =>
      Effect.map(files.slice(tensor.path, tensor.offset, tensor.length), (bytes) => ({
        name,
        element: tensor.element,
        shape: tensor.shape,
        bytes: Array.from(bytes)
      }))
  )
})

const refusal = (files: FilesReader, path: string) =>
  Effect.map(Effect.flip(readTorchFile(files, path)), ({ _tag, message }) => {
    assert.strictEqual(_tag, "WeightsInvalid")
    return message
  })

describe("a file of torch.save", () => {
  for (const name of ["float32", "float16", "bfloat16", "module", "parts", "copied"]) {
    it.effect(`gives the tensors of its safetensors twin: ${name}`, () =>
      Effect.gen(function* () {
        const found = yield* contents(golden, yield* readTorchFile(golden, `${name}.bin`))
        const expected = yield* contents(golden, yield* readSafetensors(golden, `${name}.safetensors`))
        assert.isAbove(found.length, 1)
        equal({ tool: "torch", what: "bytes and shapes of files of torch.save" }, found, expected)
      })
    )
  }

  it.effect("lets tensors share a storage", () =>
    Effect.gen(function* () {
      const tied = yield* readTorchFile(golden, "module.bin")
      assert.strictEqual(tied.get("embedding.weight")?.offset, tied.get("head.weight")?.offset)
      const parts = yield* readTorchFile(golden, "parts.bin")
      const [first, rest] = [parts.get("first"), parts.get("rest")]
      assert.strictEqual((first?.offset ?? 0) + (first?.length ?? 0), rest?.offset)
    })
  )

  it.effect("is refused by name for what cannot be read in place", () =>
    Effect.gen(function* () {
      const folder = goldenFolder("torch", "refused")
      assert.match(yield* refusal(folder, "transposed.bin"), /"turned" of shape \[3, ?4\] has strides \[1, ?3\]/)
      assert.match(yield* refusal(folder, "legacy.bin"), /weights in legacy\.bin .*before version 1\.6.*save it again/)
      assert.match(yield* refusal(folder, "checkpoint.bin"), /"model" is not a tensor/)
      assert.match(yield* refusal(folder, "module.bin"), /it names "torch\.nn\.modules\.linear\.Linear"/)
      assert.match(yield* refusal(folder, "program.bin"), /"program\/code\/.*" is compressed/)
      assert.match(yield* refusal(folder, "compressed.bin"), /"float32\/data\.pkl" is compressed/)
      assert.match(yield* refusal(folder, "bigEndian.bin"), /byte order is "big"/)
      assert.match(yield* refusal(folder, "absent.bin"), /not in the model's folder/)
      const pointer = memoryReader({ "a.bin": new TextEncoder().encode("version https://git-lfs.github.com/spec/v1") })
      assert.match(yield* refusal(pointer, "a.bin"), /does not begin as a file of torch\.save.* Fetch the file again/)
      for (const { path } of folder.entries) {
        assert.match(yield* refusal(folder, path), /If you trust .* save it again as safetensors\.$/)
      }
    })
  )
})

layer(Runtime)("a model in torch's files", (it) => {
  it.effect("has the logits of transformers, from one file and from several", () =>
    Effect.gen(function* () {
      const what = "logits from files of torch.save"
      for (const [folder, name] of [
        ["whole", "parallel"],
        ["sharded", "sequential"]
      ] as const) {
        const { logits, rows } = reference(name)
        const found = yield* logitsOf({ base: goldenFolder("torch", folder), adapters: [] }, rows.slice(0, 3))
        agree({ tool: "transformers", what, within: 1e-4 }, found, logits.flat(2))
      }
    })
  )
})

describe("a model folder", () => {
  it.effect("may have torch's files in place of safetensors, one or several", () =>
    Effect.gen(function* () {
      const [torch, safe] = [goldenFolder("torch", "sharded"), goldenFolder("sequential")]
      const found = yield* contents(torch, yield* readWeights(torch))
      assert.deepStrictEqual(found, yield* contents(safe, yield* readWeights(safe)))
      yield* openModel({ base: torch, adapters: [] })
      const single = memoryReader({ "pytorch_model.bin": yield* golden.bytes("float32.bin") })
      assert.strictEqual((yield* readWeights(single)).get("matrix")?.path, "pytorch_model.bin")
    })
  )

  it.effect("is read as transformers chooses: safetensors first, one file before an index", () =>
    Effect.gen(function* () {
      const torch = yield* golden.bytes("float32.bin")
      const safe = yield* golden.bytes("float32.safetensors")
      const index = new TextEncoder().encode(JSON.stringify({ weight_map: { matrix: "elsewhere" } }))
      const pathOf = (files: Readonly<Record<string, Uint8Array>>) =>
        Effect.map(readWeights(memoryReader(files)), (weights) => weights.get("matrix")?.path)
      const both = { "pytorch_model.bin": torch, "model.safetensors": safe, "model.safetensors.index.json": index }
      assert.strictEqual(yield* pathOf(both), "model.safetensors")
      const indexed = { "pytorch_model.bin": torch, "pytorch_model.bin.index.json": index }
      assert.strictEqual(yield* pathOf(indexed), "pytorch_model.bin")
      const empty = yield* Effect.flip(readWeights(memoryReader({ "config.json": index })))
      assert.match(empty.message, /none of model\.safetensors, .*pytorch_model\.bin.*it has config\.json/)
    })
  )
})

describe("an adapter of 2023", () => {
  it.effect("is read from adapter_model.bin as from safetensors", () =>
    Effect.gen(function* () {
      const { backbone } = yield* openModel(goldenModel("parallel"))
      const [old, recent] = [goldenFolder("torch", "adapter"), goldenFolder("parallel", "trained-token")]
      const found = yield* contents(old, yield* readTorchFile(old, "adapter_model.bin"))
      const expected = yield* contents(recent, yield* readSafetensors(recent, "adapter_model.safetensors"))
      assert.deepStrictEqual(found, expected)
      const shapes = (files: FilesReader) =>
        Effect.map(readAdapter(files, backbone.modules, 0), (factors) =>
          [...factors].map(([path, { a, b, scale }]) => ({ path, a: a.shape, b: b.shape, scale }))
        )
      assert.deepStrictEqual(yield* shapes(old), yield* shapes(recent))
    })
  )
})

layer(Runtime)("the runtime", (it) => {
  /** Twice the values of all tensors that are not empty, as the runtime finds them. */
  const doubled = Effect.fn("doubled")(function* (files: FilesReader, tensors: ReadonlyMap<string, StoredTensor>) {
    const outputs = [...tensors]
      .filter(([, { length }]) => length > 0)
      .map(([name, tensor]) => [name, mul(storedSymbol(files, `stored ${name}`, tensor), 2)] as const)
    const process = yield* (yield* OnnxRuntime).acquire
    const session = yield* process.open(serialize({ name: "doubled", outputs: Object.fromEntries(outputs) }))
    return yield* session.run({ feeds: {}, fetch: outputs.map(([name]) => name).toSorted() })
  })

  for (const name of ["float32", "float16", "bfloat16", "parts"]) {
    it.effect(`maps a torch file in place: ${name}`, () =>
      Effect.gen(function* () {
        const found = yield* doubled(golden, yield* readTorchFile(golden, `${name}.bin`))
        const expected = yield* doubled(golden, yield* readSafetensors(golden, `${name}.safetensors`))
        assert.deepStrictEqual(found, expected)
        assert.isAbove(Object.keys(found).length, 1)
      })
    )
  }
})
