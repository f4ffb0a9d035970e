/**
 * The folder in which all of a user's programs keep files of the Hub, laid out as Hugging Face's library does:
 * `datasets--owner--name/` with `blobs/` by etag, `snapshots/COMMIT/` of links into it, and `refs/` from names to commits.
 */
import * as fs from "node:fs/promises"
import * as path from "node:path"
import * as Schema from "effect/Schema"
import { type ContentDigest, digestOfEtag, etagOf, gitDigest } from "../contentDigest.ts"
import type { Listing } from "./api.ts"
import type { Commit, Revision } from "./Repository.ts"

/** A file of a commit. */
export interface CachedFile extends Commit {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly digest: ContentDigest
}

const folderOf = (cache: string, { id, repository }: Pick<Revision, "repository" | "id">): string =>
  path.join(cache, [`${repository}s`, ...id.split("/")].join("--"))

/** Where a file's bytes lie, or will. */
export const blobPath = (cache: string, file: CachedFile): string =>
  path.join(folderOf(cache, file), "blobs", etagOf(file.digest))

/** Where a commit shows a file under its name. */
const snapshotPath = (cache: string, file: CachedFile): string =>
  path.join(folderOf(cache, file), "snapshots", file.commit, ...file.path.split("/"))

/** Where processes say which file they fetch. */
export const leasesFolder = (cache: string): string => path.join(cache, ".locks", "tanren")

const realFile = async (place: string, size: number): Promise<string | null> => {
  try {
    const real = await fs.realpath(place)
    return (await fs.stat(real)).size === size ? real : null
  } catch {
    return null
  }
}

/** The bytes of a file, whoever brought them; null where they are missing or of another size. */
export const findCached = async (cache: string, file: CachedFile): Promise<string | null> =>
  (await realFile(snapshotPath(cache, file), file.size)) ?? (await realFile(blobPath(cache, file), file.size))

/** Lets a commit show a blob under its name. Where the file system has no links, the name gets a copy. */
export const showInSnapshot = async (cache: string, file: CachedFile): Promise<void> => {
  const pointer = snapshotPath(cache, file)
  const blob = blobPath(cache, file)
  if ((await realFile(pointer, file.size)) !== null) return
  await fs.mkdir(path.dirname(pointer), { recursive: true })
  await fs.rm(pointer, { force: true })
  try {
    await fs.symlink(path.relative(path.dirname(pointer), blob), pointer)
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null
    // Another process made the link first.
    if (code === "EEXIST") return
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "EINVAL") throw error
    await fs.copyFile(blob, pointer)
  }
}

/** Removes a blob that is not what its name says, and what shows it. */
export const discardCached = async (cache: string, file: CachedFile): Promise<void> => {
  const found = await findCached(cache, file)
  for (const place of [found, snapshotPath(cache, file)]) if (place !== null) await fs.rm(place, { force: true })
}

const refPath = (cache: string, revision: Revision): string =>
  path.join(folderOf(cache, revision), "refs", ...revision.revision.split("/"))

/** The commit that a name had when some program last asked; null where none did. */
export const knownCommit = async (cache: string, revision: Revision): Promise<string | null> => {
  const text = await fs.readFile(refPath(cache, revision), "utf8").catch(() => "")
  return /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : null
}

/** Says which commit a name is, unless some program said so: what it learned may be younger. */
export const rememberCommit = async (cache: string, revision: Revision, commit: string): Promise<void> => {
  const ref = refPath(cache, revision)
  await fs.mkdir(path.dirname(ref), { recursive: true })
  await fs.writeFile(ref, commit, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error
  })
}

const Tree = Schema.fromJsonString(
  Schema.Struct({
    format_version: Schema.Literals([1]),
    files: Schema.Record(
      Schema.String,
      Schema.Struct({
        size: Schema.Int,
        blob_id: Schema.String,
        lfs_sha256: Schema.optionalKey(Schema.NullOr(Schema.String)),
        lfs_size: Schema.optionalKey(Schema.NullOr(Schema.Int))
      })
    )
  })
)

/** The listing of a commit that Hugging Face's library kept; null where there is none. */
export const knownListing = async (cache: string, commit: Commit): Promise<Listing | null> => {
  const file = path.join(folderOf(cache, commit), "trees", `${commit.commit}.json`)
  const text = await fs.readFile(file, "utf8").catch(() => null)
  const tree = text === null ? null : Schema.decodeUnknownOption(Tree)(text)
  if (tree === null || tree._tag === "None") return null
  return Object.fromEntries(
    Object.entries(tree.value.files).map(([name, { blob_id, lfs_sha256, lfs_size, size }]) => [
      name,
      { size: lfs_size ?? size, digest: lfs_sha256 ?? digestOfEtag(blob_id) ?? gitDigest(blob_id) }
    ])
  )
}
