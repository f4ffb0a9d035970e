/** Every switch of a config that is accepted gives the logits of transformers. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ModelReader } from "../../src/pipeline/Reader.ts"
import { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { agree } from "../agreement/agreement.ts"
import { distance, goldenFolder, goldenText, logitsIn, Runtime, withFile } from "./support.ts"

const Numbers = Schema.Array(Schema.Finite)

/** See test/reference/architectures.py: of each row, the logits of its last tokens. */
const Reference = Schema.fromJsonString(
  Schema.Struct({
    rows: Schema.Array(Numbers),
    cases: Schema.Array(
      Schema.Struct({
        name: Schema.String,
        config: Schema.Record(Schema.String, Schema.Unknown),
        logits: Schema.Array(Schema.Array(Numbers))
      })
    )
  })
)

const families = ["llama", "llama-biased", "llama-wide", "llama-narrow", "neox", "neox-plain"] as const

const reader = (family: string, config: unknown): ModelReader => {
  const content = new TextEncoder().encode(JSON.stringify(config))
  return { base: withFile(goldenFolder("architectures", family), "config.json", content), adapters: [] }
}

layer(Runtime)("logits", (it) => {
  for (const family of families) {
    it.effect(`are those of transformers: ${family}`, () =>
      Effect.gen(function* () {
        const { cases, rows } = Schema.decodeUnknownSync(Reference)(
          goldenText("architectures", family, "reference.json")
        )
        const runtime = yield* OnnxRuntime
        const process = yield* runtime.acquire
        for (const { config, logits, name } of cases) {
          const found = yield* logitsIn(process, reader(family, config), rows)
          let end = 0
          for (const [index, row] of rows.entries()) {
            const expected = logits[index]?.flat() ?? []
            end += row.length * Number(config["vocab_size"])
            agree(
              { tool: "transformers", what: `logits of ${family} under every config`, where: name, within: 1e-4 },
              found.slice(end - expected.length, end),
              expected
            )
          }
        }
      })
    )
  }

  it("differ between the cases of a family, so that a switch that is ignored shows", () => {
    const { cases } = Schema.decodeUnknownSync(Reference)(goldenText("architectures", "llama", "reference.json"))
    const ofCase = (name: string) => cases.find((found) => found.name === name)?.logits.flat(2) ?? []
    for (const name of ["theta", "linear", "llama3", "gelu"]) {
      assert.isAbove(distance(ofCase(name), ofCase("dynamic")), 1e-2)
    }
  })
})
