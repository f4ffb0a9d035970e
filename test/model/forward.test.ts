/** A forward pass gives the logits of transformers, whatever else is in the batch. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { agree } from "../agreement/agreement.ts"
import { goldenFolder, goldenModel, goldenText, logitsOf, reference, Runtime } from "./support.ts"
import { writtenAdapter } from "./writtenAdapter.ts"

/** What PEFT computes with the adapter of writtenAdapter.ts; see test/reference/merges.py. */
const Written = Schema.fromJsonString(
  Schema.Struct({ logits: Schema.Array(Schema.Array(Schema.Array(Schema.Finite))) })
)

const transformers = { tool: "transformers", what: "logits of GPT-NeoX and LLaMA", within: 1e-4 } as const

layer(Runtime)("a forward pass", (it) => {
  for (const name of ["parallel", "sequential", "llama"] as const) {
    it.effect(`has the logits of transformers: ${name}`, () =>
      Effect.gen(function* () {
        const { logits, rows } = reference(name)
        const together = yield* logitsOf(goldenModel(name), rows.slice(0, 3))
        agree(transformers, together, logits.flat(2))
        const alone = yield* logitsOf(goldenModel(name), rows.slice(1, 2))
        agree(transformers, alone, logits[1]?.flat() ?? [])
      })
    )
  }

  it.effect("has the logits of PEFT under an adapter", () =>
    Effect.gen(function* () {
      const { rows, training } = reference("parallel")
      const tuned = yield* logitsOf(goldenModel("parallel", "trained-token"), rows.slice(0, 1))
      agree(
        { tool: "peft", what: "logits under a trained adapter", within: 1e-4 },
        tuned,
        training?.token.logits.flat() ?? []
      )
    })
  )

  it.effect("has the logits that PEFT has under an adapter written here", () =>
    Effect.gen(function* () {
      const folder = goldenFolder("written")
      for (const [path, bytes] of Object.entries(writtenAdapter)) {
        assert.isTrue(Buffer.from(bytes).equals(yield* folder.bytes(path)), `${path} is what PEFT read`)
      }
      const { logits } = Schema.decodeUnknownSync(Written)(goldenText("written", "reference.json"))
      const model = { base: goldenModel("parallel").base, adapters: [folder] }
      const found = yield* logitsOf(model, reference("parallel").rows.slice(0, 2))
      agree({ tool: "peft", what: "logits under an adapter written here", within: 1e-4 }, found, logits.flat(2))
    })
  )
})
