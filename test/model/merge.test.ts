/** A merged model has the weights that PEFT merges and the logits of its adapters, and passes through in pieces. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { agree } from "../agreement/agreement.ts"
import { mergedFiles, type MergeOptions } from "../../src/model/merge.ts"
import { codings } from "../../src/model/weights/elements.ts"
import {
  inFileOrder,
  readSafetensors,
  safetensorsHeader,
  sizeOf,
  type WeightElement,
  writeSafetensors
} from "../../src/model/weights/safetensors.ts"
import type { FilesContent, FilesReader, ModelReader } from "../../src/pipeline/Reader.ts"
import {
  distance,
  folderReader,
  goldenFolder,
  goldenModel,
  logitsOf,
  memoryReader,
  reference,
  Runtime,
  withFile
} from "./support.ts"

/** The relative distance of neighbouring numbers; for float32 that of sums in another order. */
const precision = { float32: 2 ** -20, float16: 2 ** -10, bfloat16: 2 ** -7 }

const file = "model.safetensors"
const queryKeyValue = /\.query_key_value\.weight$/

/** A merged model's files, whole. */
const merged = Effect.fn("merged")(function* (model: ModelReader, options: MergeOptions) {
  const files: Record<string, Uint8Array> = {}
  for (const [path, content] of Object.entries(yield* mergedFiles(model, options))) {
    files[path] = content instanceof Uint8Array ? content : Buffer.concat(yield* Stream.runCollect(content))
  }
  return files
})

/** Tensors of a file as bytes and numbers. */
const tensorsOf = Effect.fn("tensorsOf")(function* (files: FilesReader, path: string) {
  const stored = yield* readSafetensors(files, path)
  return new Map(
    yield* Effect.forEach([...stored], ([name, { element, length, offset, shape }]) =>
      Effect.map(
        files.slice(path, offset, length),
        (bytes) => [name, { element, shape, bytes, values: codings[element].decode(bytes) }] as const
      )
    )
  )
})

/** The golden base in another element type. */
const baseIn = Effect.fn("baseIn")(function* (element: WeightElement) {
  const base = goldenFolder("parallel")
  const tensors = new Map([...(yield* tensorsOf(base, file))].map(([name, tensor]) => [name, { ...tensor, element }]))
  const parts = inFileOrder(tensors).map(([, { values }]) => codings[element].encode(values))
  return withFile(base, file, Buffer.concat([safetensorsHeader(tensors, {}), ...parts]))
})

/** Logits of the files of a model, from a folder where the runtime can find them. */
const logitsOfFiles = (files: FilesContent, rows: ReadonlyArray<ReadonlyArray<number>>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "merged-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true }))
      )
      for (const [path, content] of Object.entries(files)) writeFileSync(join(folder, path), content)
      return yield* logitsOf({ base: folderReader(folder), adapters: [] }, rows)
    })
  )

layer(Runtime)("a merged model", (it) => {
  const [row = []] = reference("parallel").rows

  for (const element of ["float32", "float16", "bfloat16"] as const) {
    it.effect(`has the weights that PEFT merges into ${element}, and all others as they were`, () =>
      Effect.gen(function* () {
        const base = yield* baseIn(element)
        const adapters = [goldenFolder("parallel", "trained-token")]
        const files = yield* merged({ base, adapters }, { element: "base" })
        const before = yield* tensorsOf(base, file)
        const found = yield* tensorsOf(memoryReader(files), file)
        const expected = yield* tensorsOf(goldenFolder("merged"), `${element}.safetensors`)
        assert.deepStrictEqual([...found.keys()].toSorted(), [...before.keys()].toSorted())
        for (const [name, tensor] of found) {
          const isMerged = queryKeyValue.test(name)
          const other = (isMerged ? expected : before).get(name)
          if (other === undefined) return assert.fail(`no ${name} to compare with`)
          assert.deepStrictEqual([tensor.element, tensor.shape], [element, other.shape])
          if (!isMerged) assert.isTrue(Buffer.from(tensor.bytes).equals(other.bytes))
          const steps = tensor.values.map(
            (value, index) =>
              Math.abs(value - (other.values[index] ?? NaN)) / Math.max(Math.abs(value), 0.1) / precision[element]
          )
          if (isMerged) {
            const what = `weights merged into ${element}, in neighbouring numbers`
            agree(
              { tool: "peft", what, within: 1 },
              steps,
              steps.map(() => 0)
            )
          }
          // In half precision a last bit of float32 tips a few sums to the other side of a tie.
          if (element !== "float32") assert.isBelow(steps.filter((step) => step > 0).length, steps.length / 200)
        }
      })
    )
  }

  it.effect("has the logits of base and adapters, however many", () =>
    Effect.gen(function* () {
      const model = goldenModel("parallel", "trained-token", "trained-micro-batch")
      const files = yield* merged(model, { element: "base" })
      assert.isBelow(distance(yield* logitsOfFiles(files, [row]), yield* logitsOf(model, [row])), 1e-4)
    })
  )

  it.effect("is one float32 file, and says so, if that is asked of a base in half precision and several files", () =>
    Effect.gen(function* () {
      const files = yield* merged(goldenModel("sequential"), { element: "float32" })
      assert.deepStrictEqual(Object.keys(files).toSorted(), ["config.json", file, "reference.json"])
      assert.strictEqual(JSON.parse(new TextDecoder().decode(files["config.json"])).dtype, "float32")
      const found = yield* logitsOfFiles(files, reference("sequential").rows.slice(0, 1))
      assert.isBelow(distance(found, reference("sequential").logits[0]?.flat() ?? []), 1e-4)
    })
  )

  it.effect("says its element type under each name that its base has for it, and keeps the rest of config.json", () =>
    Effect.gen(function* () {
      const { base } = goldenModel("sequential")
      const config = new TextDecoder().decode(yield* base.bytes("config.json"))
      const configOf = Effect.fnUntraced(function* (text: string, element: MergeOptions["element"]) {
        const model = { base: withFile(base, "config.json", new TextEncoder().encode(text)), adapters: [] }
        return new TextDecoder().decode((yield* merged(model, { element }))["config.json"])
      })
      const both = config.replace('"dtype": "bfloat16"', '"torch_dtype": "bfloat16", "dtype": "bfloat16"')
      assert.strictEqual(yield* configOf(both, "base"), both)
      assert.strictEqual(yield* configOf(both, "float32"), both.replaceAll('"bfloat16"', '"float32"'))
      const neither = config.replace('"dtype": "bfloat16",', "")
      assert.strictEqual(JSON.parse(yield* configOf(neither, "float32")).dtype, "float32")
    })
  )

  it.effect("keeps the tokenizer and leaves the base's index of weights behind", () =>
    Effect.gen(function* () {
      const tokenizer = new TextEncoder().encode("{}")
      const base = withFile(goldenFolder("sequential"), "tokenizer.json", tokenizer)
      const files = yield* merged({ base, adapters: [] }, { element: "base" })
      assert.deepStrictEqual(files["tokenizer.json"], Buffer.from(tokenizer))
      assert.notProperty(files, "model.safetensors.index.json")
    })
  )

  it.effect("is read and written four megabytes at a time", () =>
    Effect.gen(function* () {
      const sizes = { hidden: 4, intermediate: 600_000 }
      const config = {
        model_type: "gpt_neox",
        hidden_size: sizes.hidden,
        intermediate_size: sizes.intermediate,
        num_hidden_layers: 1,
        num_attention_heads: 1,
        max_position_embeddings: 4,
        vocab_size: 2,
        rotary_pct: 1,
        tie_word_embeddings: true,
        attention_bias: false
      }
      const layerPath = "gpt_neox.layers.0"
      const linear = `${layerPath}.mlp.dense_h_to_4h`
      const shapes: Readonly<Record<string, ReadonlyArray<number>>> = {
        "gpt_neox.embed_in.weight": [2, sizes.hidden],
        [`${layerPath}.attention.query_key_value.weight`]: [3 * sizes.hidden, sizes.hidden],
        [`${layerPath}.attention.dense.weight`]: [sizes.hidden, sizes.hidden],
        [`${linear}.weight`]: [sizes.intermediate, sizes.hidden],
        [`${linear}.bias`]: [sizes.intermediate],
        [`${layerPath}.mlp.dense_4h_to_h.weight`]: [sizes.hidden, sizes.intermediate],
        [`${layerPath}.mlp.dense_4h_to_h.bias`]: [sizes.hidden],
        ...Object.fromEntries(
          [
            `${layerPath}.input_layernorm`,
            `${layerPath}.post_attention_layernorm`,
            "gpt_neox.final_layer_norm"
          ].flatMap((norm) => [
            [`${norm}.weight`, [sizes.hidden]],
            [`${norm}.bias`, [sizes.hidden]]
          ])
        )
      }
      const numbers = (shape: ReadonlyArray<number>) =>
        Float32Array.from({ length: sizeOf({ element: "float32", shape }) / 4 }, (_, index) => index % 1021)
      const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
      const base = memoryReader({
        "config.json": json(config),
        [file]: writeSafetensors(
          new Map(Object.entries(shapes).map(([name, shape]) => [name, { shape, data: numbers(shape) }])),
          {}
        )
      })
      const a = Float32Array.of(1, 2, 3, 4)
      const b = numbers([sizes.intermediate, 1])
      const adapter = memoryReader({
        "adapter_config.json": json({ peft_type: "LORA", r: 1, lora_alpha: 2 }),
        "adapter_model.safetensors": writeSafetensors(
          new Map([
            [`base_model.model.${linear}.lora_A.weight`, { shape: [1, sizes.hidden], data: a }],
            [`base_model.model.${linear}.lora_B.weight`, { shape: [sizes.intermediate, 1], data: b }]
          ]),
          {}
        )
      })
      let largest = 0
      const watched: FilesReader = {
        ...base,
        slice: (path, offset, length) => {
          largest = Math.max(largest, length)
          return base.slice(path, offset, length)
        }
      }
      const files = yield* merged({ base: watched, adapters: [adapter] }, { element: "base" })
      const found = (yield* tensorsOf(memoryReader(files), file)).get(`${linear}.weight`)?.values ?? []
      const expected = numbers([sizes.intermediate, sizes.hidden]).map(
        (value, index) => value + 2 * (b[Math.floor(index / sizes.hidden)] ?? NaN) * ((index % sizes.hidden) + 1)
      )
      assert.strictEqual(distance(found, expected), 0)
      assert.strictEqual(largest, 1 << 22)
    })
  )
})
