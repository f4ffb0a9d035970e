/** Writes a table: rows are hashed, cut into parts, and streamed into one Arrow IPC file a part, batch by batch. */
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ColumnUnsupported, type RowFailure, TableFailure } from "./Errors.ts"
import { type Cut, openPart, type PartWriter } from "./partWriter.ts"
import { rowBatches } from "./rowBatches.ts"
import { fieldsOf } from "./RowSchema.ts"
import { append, noRows, type Run } from "./Run.ts"

/** Where the files of parts are written, and what becomes of a finished one. */
export interface PartFiles<Kept, E, R> {
  readonly temporary: Effect.Effect<string, E, R | Scope.Scope>
  readonly keep: (path: string) => Effect.Effect<Kept, E, R>
}

/** A finished part: the beginning of a table, or what follows the part before. */
export interface WrittenPart<Kept> {
  readonly file: Kept
  readonly rows: number
}

/** What a writer leaves behind. */
export interface WrittenTable<Kept> {
  readonly parts: ReadonlyArray<WrittenPart<Kept>>
  readonly run: Run
}

/**
 * Streams batches of rows into new files. Where parts end, and each file's bytes, depend on the rows alone, not on how they
 * came in batches. No rows are no parts.
 */
export const writeTable = <Row, Kept, E, R, E2, R2>(
  schema: Schema.Codec<Row, unknown>,
  rows: Stream.Stream<ReadonlyArray<Row>, E, R>,
  files: PartFiles<Kept, E2, R2>,
  cut: Cut = "by content"
): Effect.Effect<
  WrittenTable<Kept>,
  E | E2 | ColumnUnsupported | RowFailure | TableFailure,
  Exclude<R | R2, Scope.Scope>
> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fields = yield* fieldsOf(schema)
      const parts: Array<WrittenPart<Kept>> = []
      let run = noRows
      let open: { readonly path: string; readonly writer: PartWriter } | null = null
      yield* Effect.addFinalizer(() => Effect.sync(() => open?.writer.close()))

      const begin = Effect.gen(function* () {
        const path = yield* files.temporary
        return { path, writer: yield* attempt(path, () => openPart(path, fields, cut)) }
      })
      const end = ({ path, writer }: NonNullable<typeof open>) =>
        Effect.gen(function* () {
          yield* attempt(path, writer.finish)
          open = null
          parts.push({ file: yield* files.keep(path), rows: writer.run().rows })
          run = append(run, writer.run())
        })

      yield* Stream.runForEach(rowBatches(fields, rows), (batch) =>
        Effect.gen(function* () {
          for (let taken = 0; taken < batch.weights.length;) {
            const part = (open ??= yield* begin)
            const from = taken
            taken = yield* attempt(part.path, () => part.writer.add(batch, from))
            if (part.writer.ended()) yield* end(part)
          }
        })
      )
      if (open !== null) yield* end(open)
      return { parts, run }
    })
  )

const attempt = <A>(path: string, run: () => A): Effect.Effect<A, TableFailure> =>
  Effect.suspend((): Effect.Effect<A, TableFailure> => {
    try {
      return Effect.succeed(run())
    } catch (cause) {
      return cause instanceof Error && "code" in cause
        ? Effect.fail(new TableFailure({ operation: "write", path, reason: `${cause.message}.` }))
        : Effect.die(cause)
    }
  })
