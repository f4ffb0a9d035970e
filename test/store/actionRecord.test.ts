/** The quick look at a record accepts exactly what its schema accepts. */
import { assert, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { ActionRecord, isActionRecord } from "../../src/store/ActionRecord.ts"
import { digestOf } from "../../src/store/Digest.ts"
import { StatSignature } from "../../src/store/ObjectRef.ts"
import { key, recordOf } from "./stores.ts"

const accepts = Schema.is(ActionRecord)

const record = recordOf(key("a"), {
  digest: digestOf("object"),
  size: 6,
  signature: StatSignature.make("6 1 2 3")
})

/** What a field may hold in place of what belongs there; the words are near misses of digests and signatures. */
const instead: ReadonlyArray<unknown> = [
  [null, true, 0, 1, 2, -1, 1.5, 2 ** 53, "", "table", "rows", "model"],
  ["0".repeat(64), "0".repeat(63), "A".repeat(64), `${"0".repeat(64)}\n`, "1 2 3 4", "1 2 3", "1 2 3 4\n", " 1 2 3 4"],
  [[], {}, [1], ["a", "b"], { a: 1 }, { rows: null }, { rows: { kind: "table" } }]
].flat()

type Json = { readonly [name: string]: unknown }

/** A value with one change in it: each part replaced by each of these, each field left out, a field added. */
function* changed(value: unknown): Generator<unknown> {
  yield* instead
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) for (const other of changed(item)) yield value.with(index, other)
  } else if (typeof value === "object" && value !== null) {
    const fields = value as Json
    yield { ...fields, more: 1 }
    for (const [name, item] of Object.entries(fields)) {
      const { [name]: _, ...rest } = fields
      yield rest
      for (const other of changed(item)) yield { ...fields, [name]: other }
    }
  }
}

it("a record, and whatever differs from one in a single place", () => {
  const verdicts = { true: 0, false: 0 }
  for (const value of [record, ...changed(record)]) {
    const verdict = accepts(value)
    assert.strictEqual(isActionRecord(value), verdict, JSON.stringify(value))
    verdicts[`${verdict}`]++
  }
  assert.isAbove(verdicts.true, 50)
  assert.isAbove(verdicts.false, 150)
})
