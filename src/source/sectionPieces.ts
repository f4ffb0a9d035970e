/** Files of lines that the engine knows in sections: a section is a piece, of which nobody reads a byte that has its rows. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { FileEntry, FilesReader, Piece, StageFailure } from "../pipeline/Reader.ts"
import { isOfLines } from "../store/cuts.ts"
import { readSection } from "./json.ts"
import type { Lines } from "./jsonLines.ts"
import type { RowBatch } from "./RowFile.ts"

/** Bytes of a section that are read at a time. */
const chunk = 2 ** 20

/** Bytes: smaller files are pieces together with others. */
const worthSections = 2 ** 22

/** Whether a file may be read in sections. */
export const hasSections = (files: FilesReader, { path, size }: FileEntry): boolean =>
  files.sections !== undefined && isOfLines(path) && size >= worthSections

/**
 * The sections of a file as pieces. A row that `rowsOf` refuses, or that cannot be read, is met again on the way from the beginning of the
 * file, to say where it stands.
 */
export const sectionPieces = <Row>(
  files: FilesReader,
  { path }: FileEntry,
  rowsOf: (batch: RowBatch) => Effect.Effect<ReadonlyArray<Row>, StageFailure>
): Stream.Stream<Piece<Row>, StageFailure> => {
  const bytes = (from: number, to: number): Stream.Stream<Uint8Array, StageFailure> =>
    Stream.fromIterable(offsets(from, to)).pipe(
      Stream.rechunk(1),
      Stream.mapEffect((offset) => files.slice(path, offset, Math.min(chunk, to - offset)))
    )
  return Stream.unwrap(
    Effect.map(files.sections?.(path) ?? Effect.die(`internal: ${path} has no sections`), (sections) =>
      Stream.fromIterable(sections).pipe(
        Stream.rechunk(1),
        Stream.map((section) => {
          const read = (lines: Lines) =>
            Stream.mapEffect(readSection(path, sections[0]?.offset ?? 0, section, bytes, lines), rowsOf)
          return {
            decidedBy: `lines ${section.digest}`,
            rows: read("unplaced").pipe(
              Stream.catch((failure) => Stream.concat(Stream.drain(read("placed")), Stream.fail(failure)))
            )
          }
        })
      )
    )
  )
}

const offsets = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: Math.ceil((to - from) / chunk) }, (_, index) => from + index * chunk)
