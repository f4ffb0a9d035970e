/** Reading the file of a record. */
import * as Effect from "effect/Effect"
import { readFile } from "node:fs/promises"
import { type ExperimentRecord, parseRecord } from "../engine/record/ExperimentRecord.ts"
import { RecordUnreadable } from "../engine/record/Errors.ts"

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && (cause.code === "ENOENT" || cause.code === "ENOTDIR")

/** Reads a record; null where there is no such file. */
export const readRecord = (file: string): Effect.Effect<ExperimentRecord | null, RecordUnreadable> =>
  Effect.gen(function* () {
    const text = yield* Effect.tryPromise(() => readFile(file, "utf8")).pipe(
      Effect.catch(({ cause }) =>
        isMissing(cause)
          ? Effect.succeed(null)
          : Effect.fail(
              new RecordUnreadable({ path: file, reason: cause instanceof Error ? cause.message : String(cause) })
            )
      )
    )
    return text === null ? null : yield* parseRecord(file, text)
  })
