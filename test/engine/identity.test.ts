/** The text that a key is the hash of: one spelling, whatever order and store its ingredients come from. */
import { assert, it } from "@effect/vitest"
import { hashed, type Ingredients } from "../../src/engine/identity.ts"
import { keyOf } from "../../src/store/Digest.ts"

const ingredients: Ingredients = {
  stage: "tokenize",
  rows: { training: '{"fields":[]}', "10": "ten", "9": "nine" },
  inputs: { rows: { kind: "table", digest: "aa" }, model: [{ kind: "model", digest: "bb" }] },
  format: 1,
  config: { tooLong: "cut", maxLength: 300, template: { $function: "row=>`“${row.question}”`" }, stop: [] },
  compute: { runtimeVersion: "1.30.0", provider: "cpu", options: "threads=8" },
  code: {
    digest: "cc",
    packages: ["effect@4.1.0"],
    declarations: [{ module: "stages/tokenize.ts", name: "tokenize", hash: "dd" }]
  }
}

const text =
  '{"code":"cc","compute":{"options":"threads=8","provider":"cpu","runtimeVersion":"1.30.0"},' +
  '"config":{"maxLength":300,"stop":[],"template":{"$function":"row=>`“${row.question}”`"},"tooLong":"cut"},' +
  '"format":1,"inputs":{"model":[{"digest":"bb","kind":"model"}],"rows":{"digest":"aa","kind":"table"}},' +
  '"rows":{"10":"ten","9":"nine","training":"{\\"fields\\":[]}"},"stage":"tokenize"}'

it("is spelled out, and hashes to the key that it always had", () => {
  assert.strictEqual(hashed(ingredients), text)
  assert.strictEqual(keyOf(text), "99d93ebb10f6eeb509f1a996be119e571470dd20fdfc7bfb265a290e76de9bfd")
})

it("is the same with the config's text given", () => {
  const config = '{"maxLength":300,"stop":[],"template":{"$function":"row=>`“${row.question}”`"},"tooLong":"cut"}'
  assert.strictEqual(hashed(ingredients, config), text)
})

it("says nothing of a stage that computes nothing but that", () => {
  assert.include(hashed({ ...ingredients, compute: null }), '"compute":null')
})
