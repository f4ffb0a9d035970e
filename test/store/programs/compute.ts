/** Shares the computation of one key in the store of the first argument, and says whether it computed or found. */
import * as Effect from "effect/Effect"
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { Store } from "../../../src/store/Store.ts"
import { key, recordOf } from "../stores.ts"

const [, , root = "", milliseconds = "0"] = process.argv

const share = Effect.gen(function* () {
  const store = yield* Store
  const compute = Effect.gen(function* () {
    process.stdout.write("computing\n")
    appendFileSync(join(root, "computations"), "x")
    yield* Effect.sleep(Number(milliseconds))
    const record = recordOf(key("shared"))
    yield* store.actions.put(record)
    return record
  })
  yield* store.leases.share(key("shared"), store.actions.get(key("shared")), compute)
  process.stdout.write("done\n")
})

await Effect.runPromise(Effect.provide(share, Store.layer(root)))
