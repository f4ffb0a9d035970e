/** Zip archives of stored entries: where each entry's bytes lie in the file, without reading them. */
import * as Effect from "effect/Effect"
import type { FilesReader, StageFailure } from "../../pipeline/Reader.ts"
import { WeightsInvalid } from "../Errors.ts"
import { quote } from "./quote.ts"

/** One entry: `offset` and `length` are bytes within the archive's file. */
export interface ZipEntry {
  readonly offset: number
  readonly length: number
}

/** What the central directory says of an entry; `header` is the offset of the header in front of its bytes. */
interface Listed {
  readonly name: string
  readonly nameBytes: Uint8Array
  readonly header: number
  readonly length: number
}

interface Directory {
  readonly offset: number
  readonly length: number
  readonly entries: number
}

const localSignature = 0x0403_4b50
const listedSignature = 0x0201_4b50
const endSignature = 0x0605_4b50
const wideEndSignature = 0x0606_4b50
const wideLocatorSignature = 0x0706_4b50
const localSize = 30
const listedSize = 46
const endSize = 22
const wideEndSize = 56
const wideLocatorSize = 20
const longestComment = 0xffff

/** In a 32-bit field: the number is in the zip64 field instead. */
const elsewhere = 0xffff_ffff
const wideField = 1

/** Bits of encryption: of an entry, strong, and of the directory. */
const encrypted = 0x2041

/** A model has at most a few thousand tensors in a file; a directory larger than this was made to exhaust memory. */
const mostEntries = 65_536
const largestDirectory = 16 * 2 ** 20

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const wideNumber = (view: DataView, offset: number): number => Number(view.getBigUint64(offset, true))

/** Rests of paths that climb, start at a root, or hide something: no tool that saves tensors writes such names. */
const isPlainName = (name: string): boolean =>
  !/[\\\p{Cc}]/u.test(name) &&
  name
    .replace(/\/$/, "")
    .split("/")
    .every((part) => !["", ".", ".."].includes(part))

/** The numbers of an entry, those that need 64 bits taken from its zip64 field; undefined if the field lacks them. */
const widened = (extra: Uint8Array, numbers: ReadonlyArray<number>): ReadonlyArray<number> | undefined => {
  if (!numbers.includes(elsewhere)) return numbers
  const view = viewOf(extra)
  for (let at = 0; at + 4 <= extra.length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== wideField) continue
    const needed = 8 * numbers.filter((number) => number === elsewhere).length
    if (view.getUint16(at + 2, true) < needed || at + 4 + needed > extra.length) return undefined
    let next = at + 4 - 8
    return numbers.map((number) => (number === elsewhere ? wideNumber(view, (next += 8)) : number))
  }
  return undefined
}

/** Finds the central directory, from the record at the end of the file. */
const findDirectory = Effect.fn("findDirectory")(function* (
  files: FilesReader,
  path: string,
  size: number
): Effect.fn.Return<Directory, WeightsInvalid | StageFailure> {
  const invalid = (reason: string) => new WeightsInvalid({ file: path, reason })
  const tailStart = Math.max(0, size - endSize - longestComment - wideLocatorSize - wideEndSize)
  const tail = yield* files.slice(path, tailStart, size - tailStart)
  const view = viewOf(tail)
  const isEnd = (at: number) =>
    view.getUint32(at, true) === endSignature && at + endSize + view.getUint16(at + 20, true) === tail.length
  let end = tail.length - endSize
  while (end >= 0 && !isEnd(end)) end -= 1
  if (end < 0) return yield* invalid("it has no zip directory at its end: it is cut off, or no zip archive.")
  if (view.getUint32(end + 4, true) !== 0) return yield* invalid("it is one part of a zip archive in several files.")

  const locator = end - wideLocatorSize
  const isWide = locator >= 0 && view.getUint32(locator, true) === wideLocatorSignature
  const record = isWide ? wideNumber(view, locator + 8) - tailStart : end
  if (isWide && (record < 0 || record + wideEndSize > locator || view.getUint32(record, true) !== wideEndSignature)) {
    return yield* invalid("its zip64 record is not where its zip directory says.")
  }
  const directory: Directory = isWide
    ? {
        entries: wideNumber(view, record + 32),
        length: wideNumber(view, record + 40),
        offset: wideNumber(view, record + 48)
      }
    : {
        entries: view.getUint16(end + 10, true),
        length: view.getUint32(end + 12, true),
        offset: view.getUint32(end + 16, true)
      }
  if (directory.offset + directory.length !== tailStart + record) {
    return yield* invalid(
      `its zip directory claims bytes ${directory.offset} to ${directory.offset + directory.length}, but must end at ` +
        `${tailStart + record}: the file is cut off, or another was put in front of it.`
    )
  }
  if (directory.entries > mostEntries || directory.length > largestDirectory) {
    return yield* invalid(
      `its zip directory claims ${directory.entries} entries in ${directory.length} bytes; at most ${mostEntries} in ` +
        `${largestDirectory} bytes are read.`
    )
  }
  return directory
})

/** Reads the central directory. */
const list = Effect.fn("list")(function* (
  files: FilesReader,
  path: string,
  directory: Directory
): Effect.fn.Return<ReadonlyArray<Listed>, WeightsInvalid | StageFailure> {
  const invalid = (reason: string) => new WeightsInvalid({ file: path, reason })
  const unread = (reason: string) => new WeightsInvalid({ file: path, reason, remedy: "save" })
  const bytes = yield* files.slice(path, directory.offset, directory.length)
  const view = viewOf(bytes)
  const listed: Array<Listed> = []
  let at = 0
  while (at < bytes.length) {
    const isRecord = at + listedSize <= bytes.length && view.getUint32(at, true) === listedSignature
    const nameEnd = isRecord ? at + listedSize + view.getUint16(at + 28, true) : Infinity
    const extraEnd = isRecord ? nameEnd + view.getUint16(at + 30, true) : Infinity
    const recordEnd = isRecord ? extraEnd + view.getUint16(at + 32, true) : Infinity
    if (recordEnd > bytes.length) return yield* invalid(`its zip directory is damaged, ${at} bytes from its start.`)
    const nameBytes = bytes.subarray(at + listedSize, nameEnd)
    const name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(nameBytes)
    const shown = quote(name)
    if (!isPlainName(name)) return yield* invalid(`its entry ${shown} has a name that is no plain path.`)
    if ((view.getUint16(at + 8, true) & encrypted) !== 0) return yield* unread(`its entry ${shown} is encrypted.`)
    if (view.getUint16(at + 10, true) !== 0) {
      return yield* unread(`its entry ${shown} is compressed and cannot be read in place.`)
    }
    const numbers = widened(bytes.subarray(nameEnd, extraEnd), [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true)
    ])
    const [length = -1, stored = -1, header = -1] = numbers ?? []
    if (numbers === undefined || length !== stored || header + localSize + length > directory.offset) {
      return yield* invalid(`its entry ${shown} claims ${length} bytes at ${header}, of ${directory.offset}.`)
    }
    listed.push({ name, nameBytes, header, length })
    at = recordEnd
  }
  if (listed.length !== directory.entries) {
    return yield* invalid(`its zip directory has ${listed.length} entries and claims ${directory.entries}.`)
  }
  return listed
})

/**
 * The entries of an archive, by name. Reads the central directory, at most 16 MiB, and each entry's header. Refuses
 * what no tool that saves tensors makes: entries that are compressed, encrypted, overlapping, out of the file's
 * bounds, named twice, or named differently in front of their bytes than in the directory.
 */
export const readZip = Effect.fn("readZip")(function* (
  files: FilesReader,
  path: string,
  size: number
): Effect.fn.Return<ReadonlyMap<string, ZipEntry>, WeightsInvalid | StageFailure> {
  const invalid = (reason: string) => new WeightsInvalid({ file: path, reason })
  const directory = yield* findDirectory(files, path, size)
  const listed = (yield* list(files, path, directory)).toSorted((a, b) => a.header - b.header)
  const entries = new Map<string, ZipEntry>()
  for (const [index, { header, length, name, nameBytes }] of listed.entries()) {
    const shown = quote(name)
    const end = listed[index + 1]?.header ?? directory.offset
    const room = Math.min(localSize + nameBytes.length, end - header)
    const local = yield* files.slice(path, header, room)
    if (room < localSize + nameBytes.length) return yield* invalid(`its entry ${shown} overlaps the one after it.`)
    const view = viewOf(local)
    const sameName =
      view.getUint16(26, true) === nameBytes.length && nameBytes.every((byte, at) => byte === local[localSize + at])
    if (view.getUint32(0, true) !== localSignature || view.getUint16(8, true) !== 0 || !sameName) {
      return yield* invalid(`what lies at byte ${header} is not its entry ${shown}, as its zip directory says.`)
    }
    const offset = header + localSize + nameBytes.length + view.getUint16(28, true)
    if (offset + length > end) return yield* invalid(`its entry ${shown} overlaps the one after it.`)
    if (entries.has(name)) return yield* invalid(`it has two entries of the name ${shown}.`)
    entries.set(name, { offset, length })
  }
  return entries
})
