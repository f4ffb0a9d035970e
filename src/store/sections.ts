/** Files of lines in sections, which are cut as pieces are: by their lines. */
import { createHash } from "node:crypto"
import { eachBlock } from "./blocks.ts"
import { checksumOf, electsItself, largestPiece, smallestPiece } from "./cuts.ts"

/** Whole lines of a file, from one line's first byte to another's line feed or the end of the file. */
export interface Section {
  /** Where it begins in the file. */
  readonly offset: number
  /** Bytes. */
  readonly length: number
  /** sha256 of its bytes, in hex. */
  readonly digest: string
}

const lineFeed = 0x0a
const byteOrderMark = Buffer.from("\ufeff")

/** Given the blocks of a file in order, finds the places in each after which a section begins anew. */
const lineCutter = (): ((block: Buffer) => ReadonlyArray<number>) => {
  /** Bytes of the section so far. */
  let size = 0
  /** Whether the next byte belongs to a line that may elect itself: the section is large enough without it. */
  let electing = false
  // Of that line, as far as it is known.
  let checksum = 0
  let length = 0

  /** Passes over the bytes that are not looked at, to the beginning of a line. */
  const passOver = (block: Buffer, at: number): number => {
    const from = at + Math.max(0, smallestPiece - size - 1)
    const found = from < block.length ? block.indexOf(lineFeed, from) : -1
    electing = found !== -1
    return electing ? found + 1 : block.length
  }

  /** Goes on to the end of the line, and says what follows it. */
  const lookAtLine = (block: Buffer, at: number): { readonly next: number; readonly whole: boolean } => {
    const found = block.indexOf(lineFeed, at)
    const to = found === -1 ? block.length : found
    checksum = checksumOf(block, at, to, checksum)
    length += to - at
    return { next: Math.min(to + 1, block.length), whole: found !== -1 }
  }

  return (block) => {
    const ends: Array<number> = []
    for (let at = 0; at < block.length;) {
      const from = at
      if (!electing) {
        at = passOver(block, from)
        size += at - from
        continue
      }
      const { next, whole } = lookAtLine(block, from)
      at = next
      size += at - from
      if (!whole) continue
      if (size >= largestPiece || electsItself(checksum, length)) {
        ends.push(at)
        size = 0
        electing = false
      }
      checksum = 0
      length = 0
    }
    return ends
  }
}

/** The sections of a file, which hold all of it but a byte order mark. Reads it once; memory for two blocks of a megabyte. */
export const sectionsOf = async (path: string): Promise<ReadonlyArray<Section>> => {
  const sections: Array<Section> = []
  const cut = lineCutter()
  let hash = createHash("sha256")
  let offset = 0
  let position = 0
  const end = () => {
    if (position > offset) sections.push({ offset, length: position - offset, digest: hash.digest("hex") })
    hash = createHash("sha256")
    offset = position
  }
  const take = (bytes: Buffer) => {
    hash.update(bytes)
    position += bytes.length
  }
  await eachBlock(path, (block) => {
    let from = 0
    if (position === 0 && block.subarray(0, byteOrderMark.length).equals(byteOrderMark)) {
      from = offset = position = byteOrderMark.length
    }
    const lines = block.subarray(from)
    let done = 0
    for (const to of cut(lines)) {
      take(lines.subarray(done, to))
      end()
      done = to
    }
    take(lines.subarray(done))
  })
  end()
  return sections
}
