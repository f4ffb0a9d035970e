/** Files in zip archives, read as streams: nothing is unpacked, and what an archive says of itself is held against what it holds. */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Readable } from "node:stream"
import { crc32 } from "node:zlib"
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from "yauzl"
import { ArchiveRefused, type NothingMatched } from "./Errors.ts"
import { isSafeName, selectNames } from "./names.ts"
import type { RowBatch, RowFile } from "./RowFile.ts"

/** Bytes of an archive that are read at a time. */
const piece = 2 ** 20

/** Deflate makes no more than so many bytes of one: an entry that says so lies. */
const deflateLimit = 1032

/** An archive that grows by more than this factor, to more than this many bytes, is made to do harm. */
const mostGrowth = { factor: 500, bytes: 2 ** 30 }

/** Bytes that precede the data of an entry, beside its name. */
const localHeader = 30

type Slice<E> = NonNullable<RowFile<E>["slice"]>

/** Reads an archive through the slices of a file. */
class SlicedReader<E> extends RandomAccessReader {
  readonly #slice: Slice<E>
  constructor(slice: Slice<E>) {
    super()
    this.#slice = slice
  }
  override _readStreamForRange(start: number, end: number): Readable {
    const slice = this.#slice
    return Readable.from(
      (async function* () {
        for (let at = start; at < end; at += piece) {
          yield Buffer.from(await Effect.runPromise(slice(at, Math.min(piece, end - at))))
        }
      })(),
      { objectMode: false }
    )
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const refused = (archive: string) => (error: unknown) => new ArchiveRefused({ archive, reason: reasonOf(error) })

/** Why an archive is not to be read; null where nothing speaks against it. Looks at its directory alone. */
const objection = (entries: ReadonlyArray<Entry>, size: number): string | null => {
  const names = new Set<string>()
  for (const { fileName } of entries) {
    if (!isSafeName(fileName.replace(/\/$/, ""))) return `it names ${JSON.stringify(fileName)}, which leads out of it`
    if (names.has(fileName)) return `it has two files with the name ${JSON.stringify(fileName)}`
    names.add(fileName)
  }
  let end = 0
  const inOrder = entries.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)
  for (const { compressedSize, fileName, fileNameLength, relativeOffsetOfLocalHeader } of inOrder) {
    if (relativeOffsetOfLocalHeader < end) return `${JSON.stringify(fileName)} overlaps the file before it`
    end = relativeOffsetOfLocalHeader + localHeader + fileNameLength + compressedSize
  }
  const liar = entries.find((entry) => entry.uncompressedSize > deflateLimit * (entry.compressedSize + 1))
  if (liar !== undefined) {
    const sizes = `${liar.compressedSize} bytes are to become ${liar.uncompressedSize}`
    return `${JSON.stringify(liar.fileName)} cannot be as large as it says: ${sizes}`
  }
  const whole = entries.reduce((sum, { uncompressedSize }) => sum + uncompressedSize, 0)
  return whole > mostGrowth.bytes && whole > mostGrowth.factor * size
    ? `its ${size} bytes are to become ${whole}, more than ${mostGrowth.factor} times as many`
    : null
}

const allEntries = async (zip: ZipFile): Promise<ReadonlyArray<Entry>> => {
  const entries: Array<Entry> = []
  for await (const entry of zip.eachEntry()) entries.push(entry)
  return entries
}

/** An open archive and its files. */
const openArchive = <E>({ path, size, slice }: RowFile<E>) =>
  Effect.gen(function* () {
    if (slice === null) return yield* new ArchiveRefused({ archive: path, reason: "it lies in another archive" })
    const zip = yield* Effect.acquireRelease(
      Effect.tryPromise({
        try: () =>
          fromRandomAccessReaderPromise(new SlicedReader(slice), size, { autoClose: false, strictFileNames: true }),
        catch: refused(path)
      }),
      (opened) => Effect.sync(() => opened.close())
    )
    const entries = yield* Effect.tryPromise({ try: () => allEntries(zip), catch: refused(path) })
    const reason = objection(entries, size)
    return reason === null ? { zip, entries } : yield* new ArchiveRefused({ archive: path, reason })
  })

/** The bytes of an entry. They fail where they are more or fewer than it says, or others than its checksum. */
const bytesOf = (zip: ZipFile, entry: Entry, archive: string): Stream.Stream<Uint8Array, ArchiveRefused> =>
  Stream.unwrap(
    Effect.map(
      Effect.tryPromise({ try: () => zip.openReadStreamPromise(entry), catch: refused(archive) }),
      (readable) => {
        let checksum = 0
        const bytes = NodeStream.fromReadable<Uint8Array, ArchiveRefused>({
          evaluate: () => readable,
          onError: refused(archive)
        })
        const verify = Effect.suspend(() =>
          checksum === entry.crc32
            ? Effect.void
            : new ArchiveRefused({ archive, reason: `the bytes of ${JSON.stringify(entry.fileName)} are damaged` })
        )
        return bytes.pipe(
          Stream.map((chunk) => {
            checksum = crc32(chunk, checksum)
            return chunk
          }),
          Stream.concat(Stream.fromEffectDrain(verify))
        )
      }
    )
  )

/**
 * Rows of the files in an archive that the patterns find, in the order of their names; `read` reads one of them. Memory holds the
 * archive's directory and what `read` holds.
 *
 * An archive is refused whole, before any row, if a name leads out of it or comes twice, if files overlap, if one says that it is
 * larger than compression allows, and if all of it would grow beyond reason.
 */
export const readArchive = <E, E2>(
  archive: RowFile<E>,
  patterns: ReadonlyArray<string>,
  read: (member: RowFile<ArchiveRefused>) => Stream.Stream<RowBatch, E2>
): Stream.Stream<RowBatch, E2 | ArchiveRefused | NothingMatched> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { entries, zip } = yield* openArchive(archive)
      const files = new Map(
        entries.filter(({ fileName }) => !fileName.endsWith("/")).map((entry) => [entry.fileName, entry])
      )
      const names = yield* selectNames(archive.path, [...files.keys()], patterns)
      return Stream.fromIterable(names).pipe(
        Stream.flatMap((name) => {
          const entry = files.get(name)
          return entry === undefined
            ? Stream.die(`internal: ${name} was found and is not there`)
            : read({
                path: `${archive.path}/${name}`,
                size: entry.uncompressedSize,
                stream: bytesOf(zip, entry, archive.path),
                slice: null
              })
        })
      )
    })
  )
