/** Reading a model's tokenizer out of its files. */
import * as Effect from "effect/Effect"
import type { FilesReader, StageFailure } from "../src/pipeline/Reader.ts"
import type { Tokenizer } from "../src/text/tokenizer.ts"

/** The tokenizer of a model folder. Fails when tokenizer.json is missing or is not one. */
export const readTokenizer = (files: FilesReader): Effect.Effect<Tokenizer, StageFailure> =>
  Effect.gen(function* () {
    const text = (path: string) => Effect.map(files.bytes(path), (bytes) => Buffer.from(bytes).toString("utf8"))
    const optional = (path: string) =>
      files.entries.some((entry) => entry.path === path) ? text(path) : Effect.succeed(null)
    const { loadTokenizer } = yield* Effect.promise(() => import("../src/text/tokenizer.ts"))
    return yield* loadTokenizer({
      tokenizer: yield* text("tokenizer.json"),
      config: yield* optional("tokenizer_config.json"),
      specialTokensMap: yield* optional("special_tokens_map.json")
    })
  })
