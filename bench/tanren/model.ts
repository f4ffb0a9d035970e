/** What programs that measure a model have in common: the model, its tokenizer, and the runtime they run on. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readFileSync } from "node:fs"
import { openModel } from "../../src/model/Model.ts"
import { layerCpu } from "../../src/runtime/layer.ts"
import type { OnnxRuntime } from "../../src/runtime/OnnxRuntime.ts"
import { readTokenizer } from "../../stages/tokenizer.ts"
import { folderFiles } from "./folder.ts"

/** The argument of the program. */
export const job: {
  readonly model: string
  readonly file: string
  readonly batch: number
  readonly maxTokens?: number
} = JSON.parse(process.argv[2] ?? "")

/** What lies in the file that the argument names. */
export const given = (): unknown => JSON.parse(readFileSync(job.file, "utf8"))

/** The model of a folder and its tokenizer. */
export const openFolder = Effect.gen(function* () {
  const files = folderFiles(job.model)
  return { model: yield* openModel({ base: files, adapters: [] }), tokenizer: yield* readTokenizer(files) }
})

/** Times an effect, in seconds. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const begin = performance.now()
    const result = yield* effect
    return { result, seconds: (performance.now() - begin) / 1000 }
  })

/** Runs a program and reports what it gives. */
export const report = async <A, E>(program: Effect.Effect<A, E, OnnxRuntime | Scope.Scope>): Promise<void> =>
  console.log(JSON.stringify(await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(layerCpu)))))
