/** An artifact of which the content is known: its digest, and where its bytes lie. */
import type * as Schema from "effect/Schema"
import type { FileEntry } from "../pipeline/Reader.ts"
import type { RemoteFile } from "../source/Sources.ts"
import { digestOf } from "../store/Digest.ts"
import type { ObjectRef } from "../store/ObjectRef.ts"

/** A file with a place. */
export interface ResolvedFile extends FileEntry {
  readonly location: string
  /** For a file outside the store: when it was last written to, in nanoseconds since 1970. */
  readonly writtenAt: bigint | null
  /** Where it comes from, if that is another machine: it may not be here yet. */
  readonly remote?: RemoteFile
}

/** A part of a table: a file in the store, and how many rows it has. */
export interface ResolvedPart {
  readonly file: ResolvedFile
  readonly stored: ObjectRef
  readonly rows: number
}

export type Resolved =
  | {
      readonly kind: "table"
      readonly digest: string
      readonly schema: Schema.Codec<unknown, unknown>
      readonly parts: ReadonlyArray<ResolvedPart>
      readonly rows: number
    }
  | {
      readonly kind: "value"
      readonly digest: string
      readonly schema: Schema.Codec<unknown, unknown>
      readonly file: ResolvedFile
    }
  | { readonly kind: "files"; readonly digest: string; readonly files: ReadonlyArray<ResolvedFile> }
  | {
      readonly kind: "model"
      readonly digest: string
      readonly base: ReadonlyArray<ResolvedFile>
      readonly adapters: ReadonlyArray<ReadonlyArray<ResolvedFile>>
    }

/** The digest of named files: names and contents, in the order of the names. */
export const filesDigest = (files: ReadonlyArray<FileEntry>): string =>
  digestOf(JSON.stringify(files.map((file) => [file.path, file.digest]).toSorted(([a], [b]) => compareText(a, b))))

/** The digest of a model: its base and each adapter, in order. A base alone has the digest of its files. */
export const modelDigest = (
  base: ReadonlyArray<FileEntry>,
  adapters: ReadonlyArray<ReadonlyArray<FileEntry>>
): string =>
  adapters.length === 0 ? filesDigest(base) : digestOf(JSON.stringify([base, ...adapters].map(filesDigest)))

/** Every file whose bytes an artifact consists of. */
export const filesOf = (resolved: Resolved): ReadonlyArray<ResolvedFile> => {
  switch (resolved.kind) {
    case "table":
      return resolved.parts.map(({ file }) => file)
    case "value":
      return [resolved.file]
    case "files":
      return resolved.files
    case "model":
      return [...resolved.base, ...resolved.adapters.flat()]
  }
}

/** Orders texts by code unit: the same on every machine, unlike a locale's order. */
export const compareText = (a: string | undefined, b: string | undefined): number =>
  a === b ? 0 : (a ?? "") < (b ?? "") ? -1 : 1
