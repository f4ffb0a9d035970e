/** Writes object after object into the store of the first argument until it is killed. */
import * as Effect from "effect/Effect"
import { appendFileSync } from "node:fs"
import { Store } from "../../../src/store/Store.ts"

const forever = Effect.gen(function* () {
  const store = yield* Store
  process.stdout.write("writing\n")
  for (let i = 0; ; i++) {
    yield* Effect.scoped(
      Effect.gen(function* () {
        const path = yield* store.objects.temporary
        for (let part = 0; part < 64; part++) appendFileSync(path, `${process.pid} ${i} ${part} `.repeat(500))
        yield* store.objects.commit(path)
      })
    )
  }
})

await Effect.runPromise(Effect.provide(forever, Store.layer(process.argv[2] ?? "")))
