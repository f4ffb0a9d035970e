/**
 * Tables that come in pieces. A piece is decided by a piece of one input and by all else that is in its step's key: one that the
 * store has is taken from there, the others are made and kept, so that rows which were added cost what they cost, and no more.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Piece, StageFailure, TableContent } from "../pipeline/Reader.ts"
import { piecesOf } from "../pipeline/rowwise.ts"
import { type ActionKey, keyOf } from "../store/Digest.ts"
import type { ObjectRef } from "../store/ObjectRef.ts"
import { Store } from "../store/Store.ts"
import { append, noRows, Run, tableDigest } from "../table/Run.ts"
import type { WrittenTable } from "../table/writeTable.ts"
import { canonicalText } from "./config/JsonValue.ts"
import { hashed, type Identity } from "./identity.ts"
import type { PortOf } from "./outputs.ts"

/** The keys of the pieces of one output. */
export interface PieceKeys {
  /** The key of a piece that comes from a piece of what a reader reads; null where the stage was given no such reader. */
  readonly of: (from: unknown) => ((decidedBy: string) => ActionKey) | null
  /** Whether files and code that a key names are as they were. */
  readonly intact: Effect.Effect<boolean, StageFailure, Store>
}

/** The ingredients of a step, of which one input is the piece and no longer the whole. */
export const pieceKeysOf = (
  { ingredients }: Identity,
  output: string,
  portOf: PortOf,
  intact: PieceKeys["intact"]
): PieceKeys => ({
  of: (from) => {
    const port = portOf(from)
    if (port === null) return null
    const { [port]: _, ...inputs } = ingredients.inputs
    const rest = keyOf(canonicalText({ step: hashed({ ...ingredients, inputs }), port, output }))
    return (decidedBy) => keyOf(canonicalText({ rest, piece: decidedBy }))
  },
  intact
})

type Stored = WrittenTable<ObjectRef>

const Meta = Schema.Struct({ parts: Schema.Array(Schema.Int), run: Run })

/** A piece that the store has, all of it as it was when it was written. */
const find = (key: ActionKey): Effect.Effect<Stored | null, StageFailure, Store> =>
  Effect.gen(function* () {
    const store = yield* Store
    const record = yield* store.pieces.get(key)
    if (record === null || !Schema.is(Meta)(record.meta)) return null
    for (const ref of record.objects) if (!(yield* store.objects.verify(ref, "stat"))) return null
    const { parts, run } = record.meta
    return { run, parts: record.objects.map((file, index) => ({ file, rows: parts[index] ?? 0 })) }
  })

const keep = (key: ActionKey, { parts, run }: Stored): Effect.Effect<void, StageFailure, Store> =>
  Effect.flatMap(Store, ({ pieces }) =>
    pieces.put({
      format: 1,
      key,
      objects: parts.map(({ file }) => file),
      meta: { parts: parts.map(({ rows }) => rows), run }
    })
  )

/** Pieces at work at once: while one waits for threads, for the disk or for its sync, another goes on. */
const piecesAtOnce = 2

/**
 * Stores a table piece by piece, and tells its parts and its digest. Memory: for each piece at work one batch of rows, and the
 * keeping of it.
 */
export const writePieces = (
  schema: Schema.Codec<unknown, unknown>,
  content: TableContent<unknown>,
  keys: PieceKeys
): Effect.Effect<Stored & { readonly digest: string }, StageFailure, Store> =>
  Effect.scoped(
    Effect.gen(function* () {
      const { objects } = yield* Store
      const { writeTable } = yield* Effect.promise(() => import("../table/writeTable.ts"))
      const { fieldsOf } = yield* Effect.promise(() => import("../table/RowSchema.ts"))
      const { from, judge, pieces } = piecesOf(content)
      const keyOfPiece = keys.of(from)
      const parts: Array<Stored["parts"][number]> = []
      let run = noRows
      const scope = yield* Effect.scope
      const keeping: Array<Fiber.Fiber<void, StageFailure>> = []

      const files = { temporary: objects.temporary, keep: objects.commit }
      const obtain = ({ decidedBy, rows }: Piece<unknown>) =>
        Effect.gen(function* () {
          const key = decidedBy === null || keyOfPiece === null ? null : keyOfPiece(decidedBy)
          const found = key === null ? null : yield* find(key)
          if (found !== null) return found
          const made = yield* writeTable(schema, rows, files, key === null ? "by content" : "when full")
          if (key !== null && (yield* keys.intact)) {
            // The disk syncs one piece while the next is made.
            yield* Fiber.joinAll(keeping.splice(0))
            keeping.push(yield* Effect.forkIn(keep(key, made), scope))
          }
          return made
        })
      yield* pieces.pipe(
        // A failure waits for the pieces before it: of two, the first in the table is told, whichever came first.
        Stream.catch((failure) => Stream.succeed({ decidedBy: null, rows: Stream.fail(failure) })),
        Stream.mapEffect((piece) => Effect.exit(obtain(piece)), { concurrency: piecesAtOnce }),
        Stream.mapEffect((exit) => exit),
        Stream.runForEach((stored) =>
          Effect.sync(() => {
            for (const part of stored.parts) parts.push(part)
            run = append(run, stored.run)
          })
        )
      )
      yield* Fiber.joinAll(keeping)
      yield* judge(run.rows)
      return { parts, run, digest: tableDigest(yield* fieldsOf(schema), run) }
    })
  )
