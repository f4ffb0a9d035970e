/** Rows of text files in pieces: where one ends, its rows decide, so that rows which are added elsewhere leave it what it was. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { endsPiece } from "../store/cuts.ts"
import type { RowBatch } from "./RowFile.ts"

export interface TextPiece {
  /** sha256 of the text and of how rows are told apart in it; null where rows come from something else than text. */
  readonly digest: string | null
  readonly batches: ReadonlyArray<RowBatch>
}

/**
 * Batches put together to pieces, which may reach across files. The text of a piece is in memory, at most 16 MiB and one batch; its rows are
 * not parsed.
 */
export const inPieces = <E, R>(batches: Stream.Stream<RowBatch, E, R>): Stream.Stream<TextPiece, E, R> =>
  Stream.suspend(() => {
    let pending: Array<RowBatch> = []
    let bytes = 0
    const take = (): ReadonlyArray<TextPiece> => {
      const piece = pending
      pending = []
      bytes = 0
      return piece.length === 0 ? [] : [{ digest: digestOf(piece), batches: piece }]
    }
    const add = (batch: RowBatch): ReadonlyArray<TextPiece> => {
      if (batch.text === null) return [...take(), { digest: null, batches: [batch] }]
      pending.push(batch)
      bytes += batch.text.bytes.length
      return endsPiece(bytes, batch.text.elected) ? take() : []
    }
    return batches.pipe(
      Stream.map(add),
      Stream.concat(Stream.fromEffect(Effect.sync(take))),
      Stream.flattenIterable,
      Stream.rechunk(1)
    )
  })

/** Text that goes on in the next batch is hashed as one, wherever the file was cut to be read. */
const digestOf = (piece: ReadonlyArray<RowBatch>): string => {
  const hash = createHash("sha256")
  for (const [index, { path, text }] of piece.entries()) {
    if (text === null) throw new Error("internal: a piece of text has rows of no text")
    const before = piece[index - 1]
    const goesOn = before !== undefined && before.path === path
    hash.update(goesOn ? separators[text.layout] : `\0${text.layout}\0`).update(text.bytes)
  }
  return hash.digest("hex")
}

/** What stands between two rows, whatever white space there is in the file. */
const separators = { lines: "\n", array: "," } as const
